//! axum and ONNX Runtime without Python: the ceiling for a server of this model on HTTP and JSON.
//!
//! MODEL_FILE is the ONNX file, PORT the port of 127.0.0.1, ORT_DYLIB_PATH the library of the wheel.

use std::cell::RefCell;
use std::env::var;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ort::environment::Environment;
use ort::session::{Session, builder::GraphOptimizationLevel};
use ort::value::TensorRef;
use serde::{Deserialize, Serialize};

const PIXELS: usize = 784;
const WORKERS: usize = 2;
const IMAGE: &str = "send {\"image\": [784 numbers from 0 to 1]}.";

#[derive(Deserialize)]
struct Image {
    image: Vec<f32>,
}

#[derive(Serialize)]
struct Prediction<'a> {
    prediction: usize,
    confidence: String,
    probabilities: &'a [f32],
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: String,
}

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    ort::init()
        .with_telemetry(false)
        .build()
        .expect("ONNX Runtime failed")
});

thread_local! {
    static SESSION: RefCell<Session> = RefCell::new(load().expect("MODEL_FILE can't be loaded"));
}

fn load() -> ort::Result<Session> {
    Session::builder(&ENVIRONMENT)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .commit_from_file(var("MODEL_FILE").expect("MODEL_FILE is not set"))
}

async fn predict(body: Bytes) -> Response {
    let pixels = match sonic_rs::from_slice::<Image>(&body) {
        Ok(request) => request.image,
        Err(error) => {
            return refuse(
                StatusCode::BAD_REQUEST,
                &format!("It is malformed: {error}"),
            );
        }
    };
    if pixels.len() != PIXELS || !pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel)) {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "It is not one image");
    }
    match SESSION.with_borrow_mut(|session| infer(session, &pixels)) {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn infer(session: &mut Session, pixels: &[f32]) -> ort::Result<Vec<u8>> {
    let input = TensorRef::from_array_view(([1, PIXELS], pixels))?;
    let outputs = session.run(ort::inputs![input])?;
    let (_, probabilities) = outputs[0].try_extract_tensor::<f32>()?;
    let best =
        (0..probabilities.len()).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let prediction = best.unwrap_or_default();
    let confidence = format!("{:.2}%", 100.0 * probabilities[prediction]);
    let answer = Prediction {
        prediction,
        confidence,
        probabilities,
    };
    Ok(sonic_rs::to_vec(&answer).expect("numbers and strings are JSON"))
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    let problem = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail: format!("{reason}: {IMAGE}"),
    };
    let json = sonic_rs::to_vec(&problem).expect("numbers and strings are JSON");
    (status, [(CONTENT_TYPE, "application/problem+json")], json).into_response()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_io()
        .build()
        .expect("the threads can't be started");
    runtime.block_on(async {
        let address = format!("127.0.0.1:{}", var("PORT").expect("PORT is not set"));
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .expect("PORT is taken");
        let app = Router::new()
            .route("/health", get(|| async {}))
            .route("/predict", post(predict));
        axum::serve(listener, app).await.expect("the server failed");
    });
}
