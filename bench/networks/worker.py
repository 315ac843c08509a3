#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""A worker of compare.py: one network in one program, which takes orders from stdin, as bench_network --serve does.

    worker.py KIND FOLDER TYPE --threads N

FOLDER is one of make_model.py's, TYPE f32 or int8. "ready …" and the program's version; then a line for each line:
"run N": milliseconds of each of N runs, a bar, those of all together, and for how many of them threads waited for a
core that others had; "logits": the output; "quit". What cannot be done here: a line "missing …" and exit code 3.
"""
import argparse
import os
import pathlib
import sys
import time

import numpy as np

import resnet50


class Missing(Exception):
    """A program that is not here, or does not do this."""


def onnxruntime_session(path, image, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"image": image})[0], f"onnxruntime {onnxruntime.__version__}"


def torch_module(make, image, threads):
    """`make(image)`: something to call, and its image."""
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    with torch.inference_mode():
        module, image = make(torch.from_numpy(image))

    def run():
        with torch.inference_mode():
            return module(image)
    return run, f"torch {torch.__version__}"


def float_network(folder, image, layout="channels_last"):
    import torch
    import torch_model

    memory_format = getattr(torch, layout)
    network = torch_model.float_network(resnet50.graph(), folder / "f32.onnx")
    return network.to(memory_format=memory_format), image.to(memory_format=memory_format)


def scripted(folder, image):
    """Not channels last, which costs this optimiser copies: 77 against 90 ms."""
    import torch

    network, image = float_network(folder, image, "contiguous_format")
    with torch.no_grad():
        return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, image))), image


def compile_frozen(module):
    """With a wrapper in C++, which takes a millisecond or two less than the one in Python."""
    import torch
    import torch._inductor.config

    torch._inductor.config.freezing = True
    torch._inductor.config.cpp_wrapper = True
    return torch.compile(module)


def compiled(folder, image):
    network, image = float_network(folder, image)
    return compile_frozen(network), image


def scripted_integers(engine):
    def make(folder, image):
        import torch
        import torch_model

        if engine not in torch.backends.quantized.supported_engines:
            raise Missing(f"torch has no engine {engine}")
        image = image.to(memory_format=torch.channels_last)
        network = torch_model.integer_network(resnet50.graph(), folder / "int8.onnx", image, engine)
        with torch.no_grad():
            return torch.jit.freeze(torch.jit.trace(network, image)), image
    return make


def compiled_integers(folder, image):
    """Scales are what its own observers make of the image."""
    import torch
    try:
        from torchao.quantization.pt2e import quantize_pt2e
        from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer
    except ImportError as problem:
        raise Missing(f"torchao: {problem}") from None

    network, image = float_network(folder, image)
    with torch.no_grad():
        quantizer = x86_inductor_quantizer.X86InductorQuantizer()
        quantizer.set_global(x86_inductor_quantizer.get_default_x86_inductor_quantization_config())
        exported = torch.export.export(network, (image,), strict=False).module()
        prepared = quantize_pt2e.prepare_pt2e(exported, quantizer)
        prepared(image)
        return compile_frozen(quantize_pt2e.convert_pt2e(prepared)), image


ONNX = {("onnxruntime", "f32"): "f32.onnx", ("onnxruntime", "int8"): "int8.onnx",
        ("onnxruntime-operators", "int8"): "int8_operators.onnx"}
TORCH = {("torch-eager", "f32"): float_network, ("torch-jit", "f32"): scripted, ("torch-compile", "f32"): compiled,
         ("torch-jit", "int8"): scripted_integers("x86"), ("torch-jit-onednn", "int8"): scripted_integers("onednn"),
         ("torch-compile", "int8"): compiled_integers}
KINDS = [*ONNX, *TORCH]


def waited_ms(threads):
    """For how long this thread, if it is the only one, else all there are, have been ready and did not run; 0 where the
    kernel does not count."""
    nanoseconds = 0
    for task in ["thread-self"] if threads == 1 else os.listdir("/proc/self/task"):
        path = f"/proc/{task}/schedstat" if threads == 1 else f"/proc/self/task/{task}/schedstat"
        try:
            with open(path, "rb", buffering=0) as file:
                nanoseconds += int(file.read().split()[1])
        except OSError:
            pass  # the thread has ended
    return nanoseconds * 1e-6


def times(run, count, threads):
    """Waiting is read within the time: else what comes in between is taken off a time that it is not part of."""
    def ms_since(begin):
        return (time.perf_counter() - begin) * 1e3

    start, took = time.perf_counter(), []
    before = waited_ms(threads)
    for _ in range(count):
        begin = time.perf_counter()
        run()
        took.append(ms_since(begin))
    waited = waited_ms(threads) - before
    return " ".join(f"{ms:.6f}" for ms in took) + f" | {ms_since(start):.6f} {waited:.6f}"


def serve(run, threads, out, orders):
    """`orders`: {name: f(what follows the name)}, beside "run N"."""
    for line in sys.stdin:
        name, _, rest = line.strip().partition(" ")
        if name == "quit":
            break
        if name in orders:
            answer = orders[name](rest)
        elif name == "run" and rest.isdecimal() and int(rest) > 0:
            answer = times(run, int(rest), threads)
        else:
            answer = f"error: want run N, {', '.join(orders)} or quit"
        print(answer, file=out, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted({kind for kind, _ in KINDS}))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("type", choices=("f32", "int8"))
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print does not come between the answers
    image, key = np.load(given.folder / "image.npy"), (given.kind, given.type)
    try:
        if key in ONNX:
            run, version = onnxruntime_session(given.folder / ONNX[key], image, given.threads)
        elif key in TORCH:
            run, version = torch_module(lambda x: TORCH[key](given.folder, x), image, given.threads)
        else:
            raise Missing(f"{given.kind} has no {given.type}")
        run()
    except (Missing, ImportError) as problem:
        print("missing", problem, file=out, flush=True)
        return 3
    print("ready", version, file=out, flush=True)
    logits = lambda _: " ".join(f"{value:.9g}" for value in np.asarray(run()).ravel())
    serve(run, given.threads, out, {"logits": logits})
    return 0


if __name__ == "__main__":
    sys.exit(main())
