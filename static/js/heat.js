// Says which cell of a heat map is pointed at, or reached with the arrow keys, and in which shade it is. Without it the
// legend and the tables tell the same.
const heat = document.querySelector("svg.heat");
const says = document.querySelector(".heat-says");
const cells = heat?.querySelector(".heat-cells");

const begin = (pixels, width, height) => {
  const rows = JSON.parse(heat.dataset.rows);
  const columns = JSON.parse(heat.dataset.columns);
  const texts = new Map([...document.querySelectorAll("[data-colour]")].map((key) => [key.dataset.colour, key.textContent.trim()]));
  const unit = says.nextElementSibling.textContent;
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const wide = cells.width.baseVal.value / width;
  const high = cells.height.baseVal.value / height;
  cursor.setAttribute("class", "heat-cursor");
  cursor.setAttribute("width", Math.max(wide, 3));
  cursor.setAttribute("height", high);
  let [row, column] = [0, 0];

  const show = () => {
    cursor.setAttribute("x", column * wide);
    cursor.setAttribute("y", row * high);
    heat.append(cursor);
    const at = (row * width + column) * 4;
    const colour = `#${[0, 1, 2].map((each) => pixels[at + each].toString(16).padStart(2, "0")).join("")}`;
    const text = pixels[at + 3] ? texts.get(colour) : "no value";
    says.textContent = [rows[row], columns[column] || "time left out", `${unit}: ${text}`].join(" · ");
  };
  heat.addEventListener("pointermove", (event) => {
    const box = cells.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * height);
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    [row, column] = [y, x];
    show();
  });
  heat.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    row = Math.min(height - 1, Math.max(0, row + step[0]));
    column = Math.min(width - 1, Math.max(0, column + step[1]));
    show();
  });
  heat.setAttribute("tabindex", "0");
  says.hidden = false;
};

if (cells) {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    begin(context.getImageData(0, 0, image.width, image.height).data, image.width, image.height);
  };
  image.src = cells.getAttribute("href");
}
