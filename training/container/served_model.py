"""A model as serve.py and local/endpoint.py serve it: many threads have requests, and share its runs."""

import socket
from functools import partial
from pathlib import Path

import numpy as np

import inference
from contract import weights_file
from cores import compute_threads
from inference import Model, Response
from network import Network, computes_on_gpu, load_network
from shared_runs import SharedRuns

# A larger model is loaded once only, because of its memory. In bytes.
MAX_SIZE_OF_TWO = 100_000_000
# On processors a run has this part of the images that a network computes at once: 16 faces of 48x48. It takes a quarter
# of the memory, and several cores have parts of a call with 64 faces to compute.
PART_OF_CHUNK = 4


class ServedModel:
    """Answers requests in any number of threads."""

    def __init__(self, model: Model, runs: SharedRuns):
        self.model, self.runs = model, runs

    def respond(self, body: bytes, content_type: str | None, accept: str | None, client: socket.socket) -> Response:
        """As inference.respond. The model does not run for a client that has gone."""
        classify = partial(self.runs.probabilities, is_wanted=partial(is_connected, client))
        return inference.respond(body, content_type, accept, self.model, classify)


def load(folder: str) -> ServedModel:
    """Loads a model, twice if that makes it faster: for runs on all cores, and for runs on one.

    Raises ContractError as inference.model_fn does.
    """
    model = inference.model_fn(folder)
    threads, on_one_core = compute_threads(), model.network
    on_processors = model.contract.is_onnx and not computes_on_gpu()
    if threads > 1 and on_processors and size_of(Path(folder) / model.contract.file) <= MAX_SIZE_OF_TWO:
        on_one_core = load_network(Path(folder), model.contract, threads=1)
    chunk = model.network.chunk
    size = max(1, chunk // PART_OF_CHUNK) if on_processors and not model.network.is_fixed else chunk
    return ServedModel(model, share_runs(model.network, on_one_core, size, threads))


def share_runs(on_all_cores: Network, on_one_core: Network, size: int, threads: int) -> SharedRuns:
    """Runs on one core if they change no bit of an answer, and shared ones on the same condition.

    size: the most images in a run.
    threads: how many compute in a run on all cores.
    """
    if not give_the_same_bits(on_all_cores, on_one_core, size):
        return SharedRuns(on_all_cores, on_all_cores, size, at_once=2, shares=False)
    # Two more than there are cores: while some threads read and write requests, the others keep all cores busy.
    is_loaded_twice = on_one_core is not on_all_cores
    return SharedRuns(on_all_cores, on_one_core, size, at_once=threads + 2 if is_loaded_twice else 2)


def give_the_same_bits(on_all_cores: Network, on_one_core: Network, size: int) -> bool:
    """Whether an image gets the same probabilities, to the last bit, alone and among others, on all cores and on one.

    It does with a network of train.py. Other models may add in another order in a larger run, or normalise by all of
    its images.
    """
    images = np.random.default_rng(0).integers(0, 256, (size, *on_all_cores.contract.face_shape), np.uint8)
    # It is the largest run, so ONNX Runtime has the memory for others after it, and no request waits for that.
    expected = on_all_cores.classify(images)
    runs = [(network, count) for network in (on_all_cores, on_one_core) for count in (1, 3, size)]
    return all((network.classify(images[:count]) == expected[:count]).all() for network, count in runs)


def size_of(model: Path) -> int:
    """Bytes of a model's files."""
    return sum(path.stat().st_size for path in (model, weights_file(model)) if path.exists())


def is_connected(client: socket.socket) -> bool:
    """Whether a client that has sent its request still waits for the response."""
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
