//! A service on this machine that gives one response to whatever it is asked, and clients of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use graph_client::reqwest;
use graph_client::{Client, ClientId, ClientSecret, Cloud, Error, RetryOptions, StaticToken, http_builder};

/// The token and the secret that calls are made with. No error may show them.
pub(crate) const SECRET: &str = "correct-horse-battery-staple~0123456789";

/// A response: a status, headers, an empty line and a body.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = end.map_or((bytes, &bytes[bytes.len()..]), |end| (&bytes[..end], &bytes[end + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
        // What frames the body is the server's.
        let framing = ["content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "trailer", "te"];
        let headers = lines.filter_map(|line| line.split_once(':')).filter_map(|(name, value)| {
            let name = name.trim().to_ascii_lowercase();
            let is_name = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
            let value: String = value.trim().chars().filter(|c| !c.is_control()).collect();
            (is_name && !framing.contains(&&*name)).then_some((name, value))
        });
        // A final status; an informational one would announce another response.
        let status = if (200..600).contains(&status) { status } else { 200 };
        Self { status, headers: headers.take(20).collect(), body }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status < 300
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Answer\r\n", self.status);
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        let has_body = !matches!(self.status, 204 | 304);
        if has_body {
            text.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        text += "\r\n";
        let mut bytes = text.into_bytes();
        if has_body {
            bytes.extend_from_slice(self.body);
        }
        bytes
    }
}

/// The service.
pub(crate) struct Wire {
    address: String,
    answer: Arc<Mutex<Vec<u8>>>,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

thread_local! {
    static WIRE: Wire = Wire::start();
}

impl Wire {
    /// Calls the service of this thread, which gives `answer`.
    pub(crate) fn with(answer: &Answer<'_>, call: impl FnOnce(&Self)) {
        WIRE.with(|wire| {
            *wire.answer.lock().expect("no panic while it is held") = answer.to_bytes();
            call(wire);
        });
    }

    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = Arc::new(Mutex::new(Vec::new()));
        let given = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let given = Arc::clone(&given);
                std::thread::spawn(move || serve(stream, &given));
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let http = http_builder().no_proxy().build().expect("a client");
        Self { address, answer, runtime, http }
    }

    pub(crate) fn wait_for<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// A client that shares nothing with those before it but the connections: they remember what a service asked for.
    pub(crate) fn client(&self) -> Client {
        self.client_with(StaticToken::graph(SECRET).and_exchange(SECRET))
    }

    pub(crate) fn client_that_signs_in(&self) -> Client {
        let id: ClientId = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().expect("an id");
        self.client_with(ClientSecret::new(id, SECRET))
    }

    fn client_with(&self, credential: impl graph_client::TokenProvider) -> Client {
        let cloud = Cloud::custom(&self.address, &self.address, &self.address).expect("addresses on this machine");
        let builder = Client::builder().tenant("contoso.onmicrosoft.com").credential(credential).cloud(cloud);
        let retry = RetryOptions::none().with_max_elapsed(Duration::from_millis(50));
        builder.retry(retry).http(self.http.clone()).build().expect("a client")
    }
}

/// Answers the requests of a connection until one fails.
fn serve(stream: TcpStream, answer: &Mutex<Vec<u8>>) {
    let _ = stream.set_nodelay(true);
    let Ok(mut to) = stream.try_clone() else { return };
    let mut from = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            match from.read_line(&mut line) {
                Ok(1..) => {}
                _ => return,
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        let answer = answer.lock().expect("no panic while it is held").clone();
        if from.read_exact(&mut body).is_err() || to.write_all(&answer).is_err() {
            return;
        }
    }
}

/// An error says something, on lines without control characters, and shows no secret.
pub(crate) fn tells(error: &Error) {
    let text = error.to_string();
    assert!(!text.trim().is_empty(), "an error says nothing");
    assert!(!text.chars().any(char::is_control), "a control character in {text:?}");
    let whole = format!("{text} {error:?} {}", error.advice().unwrap_or_default()).to_ascii_lowercase();
    assert!(!whole.contains(SECRET), "the secret in {text:?}");
}
