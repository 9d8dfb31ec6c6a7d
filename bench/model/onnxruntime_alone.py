"""onnxruntime alone, one thread, no HTTP. Arguments: the ONNX file, a file of float32 (n, 784).

With these two it prints the predicted digits. With two more, `BEGIN SECONDS`, it runs the images
over and over from that time on (seconds since 1970) and prints how many a second it did.
"""

import json
import sys
import time

import numpy as np
import onnxruntime  # type: ignore[import-untyped] # it ships no types

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
images = np.fromfile(sys.argv[2], np.float32).reshape(-1, 784)
asked = {session.get_inputs()[0].name: images}
answer = session.run(None, asked)[0]
if len(sys.argv) == 3:
    print(json.dumps(answer.argmax(1).tolist()))
else:
    time.sleep(max(0.0, float(sys.argv[3]) - time.time()))
    begin, seconds, runs = time.perf_counter(), float(sys.argv[4]), 0
    while (passed := time.perf_counter() - begin) < seconds:
        session.run(None, asked)
        runs += 1
    print(json.dumps(runs * len(images) / passed))
