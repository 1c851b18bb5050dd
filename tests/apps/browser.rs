//! Chromium, told what to do over its DevTools protocol: JSON messages, each ended by a nought byte, on two pipes.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page; it ends with its test.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    /// Told by a thread of its own, so that a browser that says nothing fails the test.
    messages: mpsc::Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// What the page complained of.
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    pub fn start() -> Browser {
        let profile = TempDir::new().expect("a temporary folder");
        // Its ends of the pipes are the numbers three and four.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1"])
            .arg(chromium())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium starts");
        let input = child.stdin.take().expect("a pipe");
        let output = child.stdout.take().expect("a pipe");
        let (tell, messages) = mpsc::channel();
        std::thread::spawn(move || read(output, &tell));
        let mut browser =
            Browser { child, input, messages, session: None, last: 0, complaints: Vec::new(), _profile: profile };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let to = json!({ "targetId": page["targetId"], "flatten": true });
        browser.session = browser.call("Target.attachToTarget", to)["sessionId"].as_str().map(str::to_owned);
        for room in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{room}.enable"), json!({}));
        }
        let screen = json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", screen);
        browser
    }

    /// Opens a file and waits until its script says that it can be used. How long that took since the navigation.
    pub fn open(&mut self, file: &Path) -> Duration {
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        let started = Instant::now();
        while self.value("document.documentElement?.dataset.ready === undefined") == json!(true) {
            assert!(started.elapsed() < Duration::from_secs(20), "not ready: {:?}", self.complaints);
            std::thread::sleep(Duration::from_millis(5));
        }
        let ready = self.value("performance.getEntriesByName('ready')[0].startTime");
        Duration::from_secs_f64(ready.as_f64().expect("a time") / 1000.0)
    }

    /// What an expression is in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let told = self
            .call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }));
        assert!(told.get("exceptionDetails").is_none(), "{expression}: {told:#}");
        told["result"]["value"].clone()
    }

    /// The text of what a selector finds first.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({}).innerText", json!(selector)));
        text.as_str().unwrap_or_else(|| panic!("{selector}: {text}")).to_owned()
    }

    /// Clicks where an expression says, as `[x, y]`.
    pub fn click_at(&mut self, place: &str) {
        let place = self.value(place);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Clicks the middle of what a selector finds first.
    pub fn click(&mut self, selector: &str) {
        self.click_at(&format!(
            "(() => {{ const it = document.querySelector({}).getBoundingClientRect(); \
             return [it.x + it.width / 2, it.y + it.height / 2]; }})()",
            json!(selector)
        ));
    }

    /// Types into what has the focus.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key by its name and number.
    pub fn press(&mut self, key: &str, number: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Errors, warnings and refusals that the page has told so far.
    pub fn complaints(&mut self) -> &[String] {
        self.value("0");
        &self.complaints
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).expect("chromium listens");
        loop {
            let told = self.messages.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|e| panic!("{method}: {e}"));
            if told["id"] == self.last {
                assert!(told.get("error").is_none(), "{method}: {told:#}");
                return told["result"].clone();
            }
            let is_complaint = match told["method"].as_str() {
                Some("Runtime.exceptionThrown" | "Log.entryAdded") => true,
                Some("Runtime.consoleAPICalled") => told["params"]["type"] != "log",
                _ => false,
            };
            if is_complaint {
                self.complaints.push(told["params"].to_string());
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: ChildStdout, tell: &mpsc::Sender<Value>) {
    for message in BufReader::new(output).split(0).map_while(Result::ok) {
        let Ok(message) = serde_json::from_slice(&message) else { return };
        if tell.send(message).is_err() {
            return;
        }
    }
}

fn chromium() -> PathBuf {
    let peers = std::env::var_os("MOSAIC_PEERS").expect("MOSAIC_PEERS: run `cargo xtask setup --tests`");
    let program = Path::new(&peers).join("chromium");
    assert!(program.exists(), "{} is missing: run `cargo xtask setup --tests`", program.display());
    program
}
