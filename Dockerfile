# Training on a GPU. Neither built nor run by us: no Docker was at hand.
#
#   docker build -t kerasseg .
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" --stop-timeout 120 \
#     -v "$PWD/data:/kerasseg/data" -v "$PWD/runs:/kerasseg/runs" kerasseg train.py
#
# `docker stop` ends a run in good order, and the same command resumes it. Make data/ and runs/
# first, or Docker makes them as root.

ARG BASE=tensorflow/tensorflow:2.21.0-gpu
FROM ${BASE}

WORKDIR /kerasseg
COPY requirements.txt .
RUN python3 -m pip install --no-cache-dir -r requirements.txt
COPY train.py export.py ./
COPY configs configs
COPY kerasseg kerasseg

# The user of `docker run --user` has no home to keep caches in.
ENV XDG_CACHE_HOME=/tmp/cache
ENTRYPOINT ["python3"]
CMD ["train.py"]
