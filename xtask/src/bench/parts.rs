//! Components to compose: small ones that import each other, and ballast that makes them large.
//!
//! One template for each number of imports is made by `wasm-tools` from WIT; names of one width are then put into its
//! bytes, so that a thousand components take no time to make.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::setup::succeed;

/// How components import each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Each imports the one before.
    Chain,
    /// The last imports all others.
    FanIn,
}

/// Components in a folder, and their wiring as `wac` reads it.
pub(super) struct Parts {
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
}

const API: &str = "interface api {
    record item { id: u32, score: f64, name: string, tags: list<string> }
    enum kind { a, b, c, d }
    variant err { not-found, denied(string), other(item) }
    get: func(id: u32) -> result<item, err>;
    put: func(it: item, k: kind) -> result<_, err>;
    scan: func(prefix: string, limit: option<u32>) -> list<item>;
    tick: func(x: u32) -> u32;
}";

/// Writes them below a folder.
pub(super) fn parts(
    wasm_tools: &Path,
    folder: &Path,
    (shape, count): (Shape, usize),
    ballast: usize,
) -> Result<Parts, String> {
    let deps = folder.join("deps/bench");
    fs::create_dir_all(&deps).map_err(|e| format!("{}: {e}", deps.display()))?;
    let mut templates: HashMap<usize, Vec<u8>> = HashMap::new();
    let mut wiring = String::from("package bench:app;\n");
    let mut files = Vec::with_capacity(count);
    for number in 0..count {
        let imports: Vec<usize> = match shape {
            Shape::Chain => number.checked_sub(1).into_iter().collect(),
            Shape::FanIn if number + 1 == count => (0..number).collect(),
            Shape::FanIn => Vec::new(),
        };
        let template = match templates.get(&imports.len()) {
            Some(template) => template,
            None => {
                let made = template(wasm_tools, folder, imports.len())?;
                templates.entry(imports.len()).or_insert(made)
            }
        };
        let mut component = renamed(template, &imports, number);
        if ballast > 0 {
            let module = module(ballast, number);
            component.push(1);
            component.extend(leb(module.len()));
            component.extend(module);
        }
        let file = deps.join(format!("cmp{number:05}.wasm"));
        write(&file, &component)?;
        files.push(file);
        let arguments = imports.iter().map(|of| format!("\"bench:{0}/api\": c{of}[\"bench:{0}/api\"]", service(*of)));
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        wiring.push_str(&format!("let c{number} = new bench:cmp{number:05} {{ {arguments} }};\n"));
    }
    wiring.push_str(&format!("export c{0}[\"bench:{1}/api\"];\n", count - 1, service(count - 1)));
    write(&folder.join("graph.wac"), wiring.as_bytes())?;
    Ok(Parts { folder: folder.to_owned(), files })
}

fn service(number: usize) -> String {
    format!("svc{number:05}")
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(file, bytes).map_err(|e| format!("{}: {e}", file.display()))
}

/// A component with so many imports, of services named `tmp00000` and on, which exports `tmpexprt`.
fn template(wasm_tools: &Path, folder: &Path, imports: usize) -> Result<Vec<u8>, String> {
    let names: Vec<String> = (0..imports).map(|number| format!("tmp{number:05}")).collect();
    let mut wit = String::from("package bench:component;\n");
    for name in names.iter().map(String::as_str).chain(["tmpexprt"]) {
        wit.push_str(&format!("package bench:{name} {{\n{API}\n}}\n"));
    }
    let asked: String = names.iter().map(|name| format!("import bench:{name}/api; ")).collect();
    wit.push_str(&format!("world w {{ {asked} export bench:tmpexprt/api; }}\n"));
    let [text, core, component] = ["template.wit", "template.core.wasm", "template.wasm"].map(|name| folder.join(name));
    write(&text, wit.as_bytes())?;
    let tool = || Command::new(wasm_tools);
    succeed(tool().args(["component", "embed", "--dummy", "-w", "w", "-o"]).arg(&core).arg(&text))?;
    succeed(tool().args(["component", "new", "-o"]).arg(&component).arg(&core))?;
    fs::read(&component).map_err(|e| format!("{}: {e}", component.display()))
}

/// Puts names of the same width in the places of the template's.
fn renamed(template: &[u8], imports: &[usize], number: usize) -> Vec<u8> {
    let mut bytes = template.to_vec();
    let width = service(0).len();
    let mut at = 0;
    while at + width <= bytes.len() {
        let name = &bytes[at..at + width];
        let to = if name == b"tmpexprt" {
            Some(number)
        } else {
            let index = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix("tmp")?.parse::<usize>().ok());
            index.and_then(|index| imports.get(index).copied())
        };
        match to {
            Some(to) => {
                bytes[at..at + width].copy_from_slice(service(to).as_bytes());
                at += width;
            }
            None => at += 1,
        }
    }
    bytes
}

/// A core module of so many bytes, half of them code and half data, like no other number's.
fn module(size: usize, number: usize) -> Vec<u8> {
    const INSTRUCTIONS: usize = 250;
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::try_from(number + 1).expect("small").wrapping_mul(0x1000_0001);
    let mut next = move || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise.to_le_bytes()
    };
    // No locals; `local.get 0`, then as often: `i32.const`, and one of six operations on two numbers; `end`.
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    let mut code = 0;
    while code < size / 2 {
        let mut body = vec![0, 0x20, 0];
        for _ in 0..INSTRUCTIONS {
            let noise = next();
            body.extend([0x41, noise[0] | 0x80, noise[1] & 0x3f, 0x6a + [0, 1, 2, 7, 8, 9][usize::from(noise[2]) % 6]]);
        }
        body.push(0x0b);
        code += body.len() + 2;
        bodies.push(body);
    }
    let mut data = Vec::with_capacity(size / 2);
    while data.len() < size / 2 {
        data.extend(next());
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let mut section = |id: u8, count: usize, contents: &[u8]| {
        let count = leb(count);
        module.push(id);
        module.extend(leb(count.len() + contents.len()));
        module.extend(count);
        module.extend_from_slice(contents);
    };
    section(1, 1, &[0x60, 1, 0x7f, 1, 0x7f]);
    section(3, bodies.len(), &vec![0; bodies.len()]);
    let count = bodies.len();
    let code: Vec<u8> = bodies.into_iter().flat_map(|body| [leb(body.len()), body].concat()).collect();
    section(10, count, &code);
    section(11, 1, &[vec![1], leb(data.len()), data].concat());
    module
}

/// Unsigned LEB128.
fn leb(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        out.push(if number == 0 { byte } else { byte | 0x80 });
        if number == 0 {
            return out;
        }
    }
}
