"""ONNX Runtime with one thread and without HTTP; runs in the environment of the API.

Arguments: the ONNX file, a file of float32 (n, 784). Prints the predicted classes as JSON.
With two more arguments, `START SECONDS`, it runs the images repeatedly for SECONDS from the time
START on (seconds since 1970) and prints the images per second.
"""

import json
import sys
import time

import numpy as np
import onnxruntime  # type: ignore[import-untyped] # it ships no types


def main() -> None:
    """Load the model, then predict once or measure."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(sys.argv[1], options)
    images = np.fromfile(sys.argv[2], np.float32).reshape(-1, 784)
    inputs = {session.get_inputs()[0].name: images}
    probabilities = session.run(None, inputs)[0]
    if len(sys.argv) == 3:
        print(json.dumps(probabilities.argmax(1).tolist()))
        return
    time.sleep(max(0.0, float(sys.argv[3]) - time.time()))
    begin, seconds, runs = time.perf_counter(), float(sys.argv[4]), 0
    while (passed := time.perf_counter() - begin) < seconds:
        session.run(None, inputs)
        runs += 1
    print(json.dumps(runs * len(images) / passed))


if __name__ == "__main__":
    main()
