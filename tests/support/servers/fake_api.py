"""A fake API in this process, with the page's routes: tests can delay it or unload its model."""

import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime
from flask import Flask, Response, jsonify, request, send_from_directory
from werkzeug.serving import make_server

import mnist_api
from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import PictureError

PAGE = Path(mnist_api.__file__).parent / "web" / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class FakeApi:
    """A server on a free port of 127.0.0.1; ``delay`` and ``loaded`` may change while it runs."""

    def __init__(self, network: Path) -> None:
        self.delay, self.loaded, self.version = 0.0, True, 3
        self.score: float | None = None  # of each picture
        self.drift: dict[str, object] = {"available": False, "detected": None, "features": {}}
        self.concurrent = self.max_concurrent = 0
        self._session = onnxruntime.InferenceSession(network)
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "FakeApi":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _app(self) -> Flask:
        app = Flask("fake-api", static_folder=None)
        app.add_url_rule("/", "index", self._file, defaults={"name": "index.html"})
        app.get("/page/<name>")(self._file)
        app.post("/digit")(self._digit)
        app.post("/predict")(self._predict)
        app.get("/model")(self._model)
        app.get("/drift")(lambda: jsonify(self.drift))
        app.after_request(self._add_policy)
        return app

    def _add_policy(self, response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    def _file(self, name: str) -> Response:
        return send_from_directory(PAGE, name)

    def _digit(self) -> Response:
        self.concurrent += 1
        self.max_concurrent = max(self.max_concurrent, self.concurrent)
        time.sleep(self.delay)
        self.concurrent -= 1
        try:
            return jsonify(image=read_picture(request.get_data()).tolist(), score=self.score)
        except PictureError as error:
            return _problem(422, str(error))

    def _predict(self) -> Response:
        if not self.loaded:
            return _problem(503, "No model is being served yet: train and promote one.")
        image = np.float32([request.get_json()["image"]])
        probabilities = self._session.run(None, {"image": image})[0][0]
        digit = int(probabilities.argmax())
        return jsonify(
            prediction=digit,
            confidence=f"{probabilities[digit] * 100:.2f}%",
            probabilities=probabilities.tolist(),
        )

    def _model(self) -> Response:
        if not self.loaded:
            return _problem(503, "No model is being served yet: train and promote one.")
        return jsonify(
            name="mnist-classifier", version=self.version, test_accuracy=0.9876, sha256="ab" * 32
        )


def _problem(status: int, detail: str) -> Response:
    response = jsonify(type="about:blank", status=status, detail=detail)
    response.status_code, response.mimetype = status, "application/problem+json"
    return response
