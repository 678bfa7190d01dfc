#!/bin/sh
# Run once on every machine that is to be an executor (a bootstrap action of EMR, user data of EC2): installs what the
# portal's plain modules import. The modules themselves travel with each job, as one zip.
# PYSPARK_PYTHON names the Python that Spark will use; it has to be 3.11 or later.
set -e
python=${PYSPARK_PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$python is older than 3.11: install a later one and name it in PYSPARK_PYTHON." >&2
    exit 1
}
"$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    boto3==1.44.5 \
    numpy==2.4.6 \
    obstore==0.12.1 \
    pandas==2.3.3 \
    pyarrow==26.0.1 \
    scipy==1.17.1
