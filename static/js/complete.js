// Names that complete as one types: a combobox with a list box (ARIA 1.2). A field asks for it with
// data-complete="<address>"; it may hold several names with commas, and the one at the caret is completed.
// Without this script the field is a field.
for (const field of document.querySelectorAll("input[data-complete]")) {
  const list = document.createElement("ul");
  const said = document.createElement("p");
  list.id = `${field.id}-list`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", `${field.labels[0].textContent}: names to choose from`);
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  field.after(list, said);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
  })) field.setAttribute(name, value);

  let timer, asking, chosen = -1, found = [];

  // The name at the caret: where it begins and ends, and what stands there.
  const part = () => {
    const caret = field.selectionStart ?? field.value.length;
    const start = Math.max(...[",", ";"].map((mark) => field.value.lastIndexOf(mark, caret - 1))) + 1;
    const rest = field.value.slice(caret).search(/[,;]/);
    const stop = rest < 0 ? field.value.length : caret + rest;
    return { start, stop, text: field.value.slice(start, stop).trim() };
  };
  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    chosen = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    chosen = place;
    [...list.children].forEach((each, number) => each.setAttribute("aria-selected", String(number === place)));
    if (place < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", list.children[place].id);
    list.children[place].scrollIntoView({ block: "nearest" });
  };
  const take = (place) => {
    const { start, stop } = part();
    const before = field.value.slice(0, start) + (start ? " " : "") + found[place].typed;
    field.value = before + field.value.slice(stop);
    field.setSelectionRange(before.length, before.length);
    close();
    said.textContent = `${found[place].name} taken`;
  };
  const show = (tasks) => {
    found = tasks;
    list.replaceChildren(...tasks.map((task, place) => {
      const option = document.createElement("li");
      const name = document.createElement("span");
      const many = document.createElement("span");
      option.id = `${list.id}-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      name.textContent = task.name;
      many.className = "muted small";
      many.textContent = `${task.sessions} session${task.sessions === 1 ? "" : "s"}, ${task.patients} patient${task.patients === 1 ? "" : "s"}`;
      option.append(name, " ", many);
      return option;
    }));
    chosen = -1;
    list.hidden = !tasks.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    said.textContent = tasks.length ? `${tasks.length} names` : "No such name";
  };
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    try {
      const address = `${field.dataset.complete}?${new URLSearchParams({ q: part().text })}`;
      const answer = await fetch(address, { signal: asking.signal, headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) show((await answer.json()).tasks);
      else close();
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };
  const soon = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  };

  field.addEventListener("input", () => (part().text ? soon(150) : close()));
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    const open = !list.hidden, last = list.children.length - 1;
    if (event.isComposing) return;
    if (event.key === "ArrowDown") open ? mark(chosen < last ? chosen + 1 : 0) : soon(0);
    else if (event.key === "ArrowUp" && open) mark(chosen > 0 ? chosen - 1 : last);
    else if (event.key === "Enter" && open && chosen >= 0) take(chosen);
    else if (event.key === "Escape" && open) close();
    else return;
    event.preventDefault();
  });
  // Before the field loses its focus.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take([...list.children].indexOf(option));
  });
}
