# GRE Suite on a CUDA node. The base needs a driver for CUDA 13 (580 or newer); choose another with
#   docker build --build-arg BASE=nvidia/cuda:<tag> -t gre .
#   docker run --gpus all --ipc=host -it -v "$PWD/work:/gre/work" gre bash scripts/quickstart.sh
# The quickstart writes to work; training also needs models, dataset and outputs, mounted likewise.
# The devel image brings nvcc, which DeepSpeed's CUDA operators and FlashAttention are compiled with.
ARG BASE=nvidia/cuda:13.0.1-cudnn-devel-ubuntu24.04
FROM ${BASE}

RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        git g++ python3 python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /gre
ARG EXTRAS=train,eval
# The versions first, so that a change of the code does not install them again.
COPY environment.sh pyproject.toml constraints.txt LICENSE ./
COPY scripts/lib scripts/lib
COPY gre/__init__.py gre/__init__.py
RUN bash environment.sh --extras "${EXTRAS}"
COPY . .
ENV VIRTUAL_ENV=/gre/.venv PATH=/gre/.venv/bin:$PATH
CMD ["gre", "--help"]
