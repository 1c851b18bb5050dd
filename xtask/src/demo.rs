//! `cargo xtask demo`: from an empty machine to pages served by four languages in one component.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    http::{Answer, request},
    setup::{self, root, succeed, timed},
};

/// 1. Sets up.
/// 2. Builds the storefront, and once more with nothing changed.
/// 3. Shows how it is wired.
/// 4. Serves it and sends real requests.
/// 5. Prints what came back.
pub fn run() -> Outcome {
    let start = Instant::now();
    let ready = setup::run()?;
    let folder = root().join("polyglot-examples/storefront");
    let mosaic = |args: &[&str]| {
        let mut command = Command::new(&ready.mosaic);
        command.args(args).current_dir(&folder);
        command
    };
    timed("cargo mosaic build", || succeed(&mut mosaic(&["build"])))?;
    timed("cargo mosaic build, nothing changed", || succeed(&mut mosaic(&["build"])))?;
    succeed(&mut mosaic(&["compose", "--explain"]))?;

    let served = Instant::now();
    let (mut server, address) = serve(mosaic(&["serve", "--addr", "127.0.0.1:0"]))?;
    eprintln!("==> http://{address} after {:.1} s", served.elapsed().as_secs_f64());
    let outcome = visit(&address);
    let _ = server.kill();
    let _ = server.wait();
    outcome?;
    println!(
        "\nAll of it in {:.0} s. Serve it yourself: cd polyglot-examples/storefront && cargo mosaic serve",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Starts a server and waits for the address it prints first.
fn serve(mut command: Command) -> Result<(Child, String), String> {
    let mut server = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("could not start {command:?}: {e}"))?;
    let mut line = String::new();
    let stdout = server.stdout.take().ok_or("the server has no standard output")?;
    BufReader::new(stdout).read_line(&mut line).map_err(|e| format!("could not read from the server: {e}"))?;
    match line.trim().strip_prefix("http://") {
        Some(address) => Ok((server, address.to_string())),
        None => {
            let _ = server.kill();
            Err(format!("the server said {line:?} where its address was expected"))
        }
    }
}

fn visit(address: &str) -> Outcome {
    let ask = |title: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str, status: u16, part: &str| {
        let start = Instant::now();
        let answer = request(address, method, path, headers, body)?;
        show(title, method, path, &answer, start.elapsed());
        if answer.status != status || !answer.body.contains(part) {
            return Err(format!(
                "{title}: expected status {status} and {part:?}, got {} and:\n{}",
                answer.status, answer.body
            ));
        }
        Ok(answer)
    };
    ask("a stranger", "GET", "/", &[], "", 401, "Please sign in")?;
    let token = ask("Go signs a token", "POST", "/sign-in", &[], "ada", 200, ".")?.body;
    let bearer = format!("Bearer {token}");
    let signed = [("authorization", bearer.as_str()), ("user-agent", "demo")];
    ask("ada enters: Rust → Go → Python, then TypeScript", "GET", "/", &signed, "", 200, "Good day")?;
    ask("ada again", "GET", "/?theme=dark", &signed, "", 200, "visit number")?;
    let forged = [("authorization", "Bearer AAAA.BBBB")];
    ask("a forged token", "GET", "/", &forged, "", 401, "signature is wrong")?;
    ask(
        "an attack, found by the Python model",
        "GET",
        "/?id=1%27+UNION+SELECT+password+FROM+users--",
        &signed,
        "",
        403,
        "attack",
    )?;
    ask("no such page", "GET", "/it's&more", &signed, "", 404, "it&#39;s&amp;more")?;
    Ok(())
}

fn show(title: &str, method: &str, path: &str, answer: &Answer, took: Duration) {
    println!("\n--- {title}\n{method} {path} → {} ({:.1} ms)", answer.status, took.as_secs_f64() * 1e3);
    let text = plain(&answer.body);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(12) {
        println!("  {}", line.chars().take(110).collect::<String>());
    }
}

/// What a reader sees of a page: its text without tags and style sheet.
fn plain(page: &str) -> String {
    let page = match (page.find("<style>"), page.find("</style>")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &page[..from], &page[to..]),
        _ => page.to_string(),
    };
    let mut text = String::new();
    let mut inside = false;
    for character in page.chars() {
        match character {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if !inside => text.push(character),
            _ => {}
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
