"""Embed a network in a loop: one step when a sample comes in, and a copy of the state to look ahead from.

The network is any that `rnncalc.load` reads: PyTorch's, Keras', ONNX'. Here it is a random one, saved and loaded.
"""

import copy

import numpy as np
from safetensors.numpy import load_file, save_file

import rnncalc

rnncalc.save(rnncalc.random_network("lstm", inputs=3, hidden=16, outputs=1, seed=1), "sensor.npz")
net = rnncalc.load("sensor.npz")
samples = np.random.default_rng(2).normal(size=(200, 3)).astype(net.dtype)

stepper = net.stepper()
outputs = []
for number, sample in enumerate(samples):
    outputs.append(stepper.step(sample))  # the state stays in the stepper; nothing of the past is kept
    if number == 99:
        save_file(stepper.state.flat, "state.safetensors")  # so that another process can go on from here

assert np.array_equal(outputs, net(samples))  # the same bits as the whole sequence at once

ahead = copy.copy(stepper)
for _ in range(5):
    ahead.step(samples[-1])  # what if the last sample came five times more? `stepper` knows nothing of it

resumed = net.stepper(rnncalc.States.from_flat(load_file("state.safetensors")))
assert all(np.array_equal(resumed.step(sample), output) for sample, output in zip(samples[100:], outputs[100:]))
print(f"{len(outputs)} steps, the last output {outputs[-1][0]:.4f}; resumed after 100, the same bits")
