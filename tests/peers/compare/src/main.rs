//! Runs every client through every case and writes `RESULTS.md` and `results.svg`: see `run`, which calls it.
//!
//! One server in a process of its own and a new process for each measurement. The clients take turns within a round and
//! begin with another one in each, so that slower minutes of the machine meet all of them; a ratio is that of one round,
//! and the median of the rounds is told. What a client read must be what reqwest read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const BASE: &str = "reqwest";
const SLOW: &str = "msgraph-sdk";
/// Name, binary or script, what it is.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("graph-client", "peer-graph-client", "this project's"),
    (BASE, "peer-reqwest", "HTTP client and serde alone"),
    ("hyper", "peer-hyper", "HTTP/1.1 and serde alone"),
    ("graph-rs-sdk", "peer-graph-rs", "Rust"),
    ("graph-client (JS)", "peer.mjs", "Microsoft's, JavaScript"),
    (SLOW, "peer.py", "Microsoft's, Python"),
];
/// Title, case, in flight, how many groups, and how many of them one client is given that would take minutes for all.
const CASES: [(&str, &str, usize, usize, usize); 5] = [
    ("5,000 GETs, 1 in flight", "get", 1, 5_000, 250),
    ("5,000 GETs, 16 in flight", "get", 16, 5_000, 250),
    ("5,000 GETs, 64 in flight", "get", 64, 5_000, 250),
    ("100,000 groups in pages of 999", "list", 1, 100_000, 999),
    ("2,000 GETs in batches of 20", "batch", 1, 2_000, 100),
];
const THROTTLED: usize = 64;

struct Options {
    rounds: usize,
    build: bool,
    here: PathBuf,
    python: Option<PathBuf>,
    modules: Option<PathBuf>,
}

#[derive(Clone)]
struct Measure {
    count: u64,
    digest: String,
    wall_us: u64,
    processor_ms: u64,
    peak_kib: u64,
}

fn options() -> Options {
    let mut options = Options { rounds: 7, build: false, here: ".".into(), python: None, modules: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
        match argument.as_str() {
            "--rounds" => options.rounds = value().parse().expect("a number"),
            "--build" => options.build = true,
            "--here" => options.here = value().into(),
            "--python" => options.python = Some(value().into()),
            "--modules" => options.modules = Some(value().into()),
            other => panic!("{other}: --rounds N, --build, --here, --python, --modules"),
        }
    }
    options
}

fn binary(name: &str) -> PathBuf {
    std::env::current_exe().expect("a program has a path").with_file_name(name)
}

impl Options {
    /// How a client is started, or nothing where its language is not there.
    fn command(&self, program: &str) -> Option<Command> {
        match program.rsplit_once('.').map(|(_, kind)| kind) {
            Some("py") => self.python.as_ref().map(|python| {
                let mut command = Command::new(python);
                command.arg(self.here.join(program));
                command
            }),
            Some("mjs") => self.modules.as_ref().map(|modules| {
                let mut command = Command::new("node");
                command.arg(self.here.join(program)).env("PEER_MODULES", modules);
                command
            }),
            _ => Some(Command::new(binary(program))),
        }
    }

    fn measure(&self, program: &str, case: (&str, usize, usize), url: &str) -> Option<Result<Measure, String>> {
        let mut command = self.command(program)?;
        command.args([case.0, &case.1.to_string(), &case.2.to_string(), url]);
        let output = command.output().expect("it can be started");
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return Some(Err(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("failed").to_owned()));
        }
        let answer: Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
        let number = |name: &str| answer[name].as_u64().unwrap_or_else(|| panic!("{program}: no {name}"));
        Some(Ok(Measure {
            count: number("count"),
            digest: answer["digest"].as_str().expect("a digest").to_owned(),
            wall_us: number("wall_us"),
            processor_ms: number("processor_ms"),
            peak_kib: number("peak_kib"),
        }))
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server() -> (Server, String) {
    let mut child = Command::new(binary("server")).stdout(Stdio::piped()).spawn().expect("the server is built");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("an address");
    (Server(child), line.trim().to_owned())
}

/// How many throttled requests the server saw, after which it begins anew.
fn throttled(url: &str) -> u64 {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the server runs");
    stream.write_all(b"GET /control/throttled HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.rsplit("\r\n").next().and_then(|body| body.parse().ok()).expect("a number")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// A client's rounds of one case, or why there are none.
type Rounds = Result<Vec<Measure>, String>;

/// What each client took, as it would be for all of `count`; and that it read the right thing.
fn rounds(options: &Options, case: (&str, usize, usize, usize), url: &str) -> BTreeMap<&'static str, Rounds> {
    let (case, in_flight, count, few) = case;
    let mut results: BTreeMap<&str, Rounds> = BTreeMap::new();
    let base = CLIENTS.iter().find(|client| client.0 == BASE).expect("it is in the list").1;
    let reference =
        |count| options.measure(base, (case, in_flight, count), url).expect("it is built").expect("it reads");
    let (all, some) = (reference(count), reference(few));
    for round in 0..options.rounds {
        for turn in 0..CLIENTS.len() {
            let (name, program, _) = CLIENTS[(round + turn) % CLIENTS.len()];
            let (count, right) = if name == SLOW { (few, &some) } else { (count, &all) };
            let measured = options.measure(program, (case, in_flight, count), url);
            match (measured, results.entry(name).or_insert_with(|| Ok(Vec::new()))) {
                (Some(Ok(mut measure)), Ok(measures)) => {
                    assert_eq!(
                        (measure.count, &measure.digest),
                        (right.count, &right.digest),
                        "{name} read something else"
                    );
                    measure.wall_us = measure.wall_us * all.count / right.count;
                    measure.processor_ms = measure.processor_ms * all.count / right.count;
                    measures.push(measure);
                }
                (Some(Err(failure)), result) => *result = Err(failure),
                (None, result) => *result = Err("not run: its language is not on this machine".to_owned()),
                (_, Err(_)) => {}
            }
        }
    }
    results
}

/// Medians of one client in one case.
struct Row {
    wall_ms: f64,
    wall_ratio: f64,
    spread: (f64, f64),
    processor_ms: f64,
    processor_ratio: f64,
    peak_mib: f64,
}

fn row(measures: &[Measure], base: &[Measure]) -> Row {
    let of = |what: fn(&Measure) -> u64| median(measures.iter().map(|measure| what(measure) as f64).collect());
    let ratios = |what: fn(&Measure) -> u64| -> Vec<f64> {
        measures.iter().zip(base).map(|(own, base)| what(own) as f64 / what(base).max(1) as f64).collect()
    };
    let walls = ratios(|measure| measure.wall_us);
    Row {
        wall_ms: of(|measure| measure.wall_us) / 1e3,
        spread: (walls.iter().copied().fold(f64::MAX, f64::min), walls.iter().copied().fold(0.0, f64::max)),
        wall_ratio: median(walls),
        processor_ms: of(|measure| measure.processor_ms),
        processor_ratio: median(ratios(|measure| measure.processor_ms)),
        peak_mib: of(|measure| measure.peak_kib) / 1024.0,
    }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.trim()));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!(
        "{}, {cores} cores, {}, {}; load of the machine before the first round: {load}",
        model.unwrap_or("unknown processor"),
        said("uname", &["-sr"]),
        said("date", &["-u", "+%F"]),
    )
}

fn versions(options: &Options) -> String {
    let lock = std::fs::read_to_string(options.here.join("Cargo.lock")).unwrap_or_default();
    // The newest of a name is what the clients here name themselves.
    let locked = |name: &str| {
        let start = format!("name = \"{name}\"\nversion = \"");
        lock.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).last().unwrap_or("?").to_owned()
    };
    let mut text = said("rustc", &["--version"]);
    for name in ["graph-client", "reqwest", "hyper", "graph-rs-sdk"] {
        let _ = write!(text, ", {name} {}", locked(name));
    }
    if let Some(modules) = &options.modules {
        let file = modules.join("node_modules/@microsoft/microsoft-graph-client/package.json");
        let package: Value =
            std::fs::read(file).ok().and_then(|file| serde_json::from_slice(&file).ok()).unwrap_or_default();
        let version = package["version"].as_str().unwrap_or("?");
        let _ = write!(text, ", Node.js {}, @microsoft/microsoft-graph-client {version}", said("node", &["--version"]));
    }
    if let Some(python) = &options.python {
        let code = "import importlib.metadata as m, platform as p; print(f\"{p.python_version()}, msgraph-sdk {m.version('msgraph-sdk')}\")";
        let _ = write!(text, ", Python {}", said(&python.to_string_lossy(), &["-c", code]));
    }
    text
}

/// The size of a file, or of all below a folder.
fn size(path: &Path) -> u64 {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    std::fs::read_dir(path).map_or(0, |entries| entries.flatten().map(|entry| size(&entry.path())).sum())
}

/// How long a release build of one client takes with all that it needs and nothing built before, in Cargo's own words.
fn build(options: &Options, package: &str) -> String {
    let folder = std::env::temp_dir().join(format!("peers-build-{}", std::process::id()));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "-p", package, "--target-dir"]).arg(&folder);
    let output = cargo.current_dir(&options.here).output().expect("cargo can be started");
    let _ = std::fs::remove_dir_all(&folder);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{package} does not build: {text}");
    text.lines().last().and_then(|line| line.rsplit_once(" in ")).map_or("?", |(_, time)| time).to_owned()
}

fn sizes(options: &Options, builds: bool) -> String {
    let mut text = String::from("| client | release build from nothing | size |\n|---|---:|---|\n");
    for (name, program, _) in CLIENTS {
        let (time, size) = match program.rsplit_once('.').map(|(_, kind)| kind) {
            None => {
                let time = if builds { build(options, program) } else { "not run".to_owned() };
                (time, format!("{:.1} MiB, one program", size(&binary(program)) as f64 / 1_048_576.0))
            }
            Some(kind) => {
                let folder = if kind == "py" {
                    options.python.as_ref().and_then(|python| Some(python.parent()?.parent()?.join("lib")))
                } else {
                    options.modules.as_ref().map(|modules| modules.join("node_modules"))
                };
                let Some(folder) = folder else { continue };
                (
                    "none".to_owned(),
                    format!("{:.0} MiB of modules, besides the interpreter", size(&folder) as f64 / 1_048_576.0),
                )
            }
        };
        let _ = writeln!(text, "| {name} | {time} | {size} |");
    }
    text
}

/// One panel per case; bars are ratios to reqwest on a logarithmic scale.
fn chart(cases: &[(&str, Vec<(&str, Row)>)], machine: &str) -> String {
    const LEFT: f64 = 150.0;
    const WIDE: f64 = 520.0;
    const LINE: f64 = 18.0;
    let most = cases.iter().flat_map(|(_, rows)| rows).map(|(_, row)| row.wall_ratio).fold(2.0, f64::max) * 1.1;
    let least = 0.4_f64;
    let x = |ratio: f64| LEFT + WIDE * (ratio.max(least) / least).ln() / (most / least).ln();
    let (mut body, mut y) = (String::new(), 44.0);
    for (title, rows) in cases {
        let _ = writeln!(body, r#"<text x="8" y="{:.0}" font-weight="bold">{title}</text>"#, y + 12.0);
        y += 20.0;
        for (name, row) in rows {
            let (from, to) = (x(1.0).min(x(row.wall_ratio)), x(1.0).max(x(row.wall_ratio)));
            let colour = if *name == "graph-client" { "#b3401a" } else { "#5b7083" };
            let _ = writeln!(
                body,
                r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{name}</text><rect x="{from:.1}" y="{y:.0}" width="{:.1}" height="{:.0}" fill="{colour}"/><text x="{:.1}" y="{:.0}">{:.2} ({:.0} ms)</text>"#,
                LEFT - 8.0,
                y + 11.0,
                (to - from).max(1.5),
                LINE - 5.0,
                to + 5.0,
                y + 11.0,
                row.wall_ratio,
                row.wall_ms,
            );
            y += LINE;
        }
        y += 10.0;
    }
    let lines: String = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        .iter()
        .filter(|ratio| **ratio < most)
        .map(|ratio| {
            format!(
                "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"40\" y2=\"{1:.0}\" stroke=\"{2}\"/><text x=\"{0:.1}\" y=\"{3:.0}\" text-anchor=\"middle\">{ratio}</text>\n",
                x(*ratio), y, if *ratio == 1.0 { "#333" } else { "#ddd" }, y + 14.0
            )
        })
        .collect();
    let (width, height) = (LEFT + WIDE + 120.0, y + 44.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="20" font-size="15" font-weight="bold">Time from the first request to the last response, beside reqwest (1.00); less is better</text>
{lines}{body}<text x="8" y="{:.0}" font-size="10">{machine}. Logarithmic scale, medians.</text>
</svg>
"##,
        height - 10.0
    )
}

fn main() {
    let options = options();
    let (machine, versions) = (machine(), versions(&options));
    let (_server, url) = start_server();
    let mut text = format!(
        "# Clients of Microsoft Graph beside each other\n\nWritten by `tests/peers/run`. {machine}.\n\n{versions}.\n\n\
         One server on the same machine over plain HTTP/1.1; a new process for each measurement, whose start and \
         first request do not count; the clients take turns. Medians of {} rounds; a ratio is to reqwest in the same round, with the least and \
         the greatest beside it. What each client read is what reqwest read, by digest. Peak memory is the whole \
         process's, interpreter and digest included.\n\n![chart](results.svg)\n\n\
         graph-rs-sdk has its feature `test-util`, without which it takes no other server, and no plain HTTP. Microsoft's \
         JavaScript client takes no plain HTTP for its own sign-in and its `PageIterator`; a handler gives the token in their \
         place, and pages are asked for one by one. msgraph-sdk is given a twentieth of the GETs and batches and one \
         page of the 101, and its times are those times 20 and 100: all of it would take an hour. Its peak is that of \
         what it did. It reads no body of a batch in these versions, as it takes each for text in base64.\n",
        options.rounds
    );
    let mut shown = Vec::new();
    for (title, case, in_flight, count, few) in CASES {
        eprintln!("{title}");
        let results = rounds(&options, (case, in_flight, count, few), &url);
        let base = results[BASE].as_ref().expect("reqwest reads everything");
        let _ = write!(
            text,
            "\n## {title}\n\n| client | | time, ms | ratio | least to greatest | processor, ms | ratio | peak, MiB |\n\
             |---|---|---:|---:|---:|---:|---:|---:|\n"
        );
        let mut rows = Vec::new();
        for (name, _, what) in CLIENTS {
            match &results[name] {
                Ok(measures) => {
                    let row = row(measures, base);
                    let _ = writeln!(
                        text,
                        "| {name} | {what} | {:.0} | {:.2} | {:.2} to {:.2} | {:.0} | {:.2} | {:.0} |",
                        row.wall_ms,
                        row.wall_ratio,
                        row.spread.0,
                        row.spread.1,
                        row.processor_ms,
                        row.processor_ratio,
                        row.peak_mib
                    );
                    rows.push((name, row));
                }
                Err(why) => {
                    let _ = writeln!(text, "| {name} | {what} | failed: `{why}` | | | | | |");
                }
            }
        }
        shown.push((title, rows));
    }
    eprintln!("throttled");
    let _ = write!(
        text,
        "\n## 64 calls while the server answers 429 with `Retry-After: 2` for 3 s\n\n\
         Calls that each wait for themselves send 192 requests, at 0, 2 and 4 s. Fewer need a client whose calls know of \
         each other's wait. reqwest and hyper have \
         no retries; the loop around them here waits as it is told. graph-rs-sdk waits if its option says so, which it does \
         here.\n\n| client | requests sent | s |\n|---|---:|---:|\n"
    );
    for (name, program, _) in CLIENTS {
        let _ = throttled(&url);
        match options.measure(program, ("throttled", THROTTLED, 0), &url) {
            Some(Ok(measure)) => {
                let sent = throttled(&url);
                assert_eq!(measure.count, THROTTLED as u64, "{name} did not read all");
                let _ = writeln!(text, "| {name} | {sent} | {:.1} |", measure.wall_us as f64 / 1e6);
            }
            Some(Err(why)) => {
                let _ = writeln!(text, "| {name} | {} | failed: `{why}` |", throttled(&url));
            }
            None => {
                let _ = writeln!(text, "| {name} | not run: its language is not on this machine | |");
            }
        }
    }
    eprintln!("sizes");
    let _ = write!(
        text,
        "\n## Build and size\n\nhyper has no TLS here, the others have what they bring by default. Programs are stripped.\n\n"
    );
    std::fs::write(options.here.join("results.svg"), chart(&shown, &machine)).expect("it can be written");
    let write = |sizes: &str| std::fs::write(options.here.join("RESULTS.md"), format!("{text}{sizes}"));
    write(&sizes(&options, false)).expect("it can be written");
    // Builds take minutes; what was measured is not lost if they are stopped.
    if options.build {
        write(&sizes(&options, true)).expect("it can be written");
    }
}
