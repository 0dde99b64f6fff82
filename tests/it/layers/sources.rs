//! The sources of a crate as its modules and what they import.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One module names another.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub(super) file: String,
    pub(super) line: usize,
    /// Modules without `crate::`; that of the crate's root is empty.
    pub(super) from: String,
    pub(super) to: String,
    /// It stands in a file that only gathers what is below it.
    pub(super) is_facade: bool,
    /// It only gathers what is below it: `pub use`.
    pub(super) is_reexport: bool,
}

/// A crate's sources.
#[derive(Debug, Default)]
pub(super) struct Sources {
    files: BTreeMap<String, String>,
    pub(super) modules: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Paths that lead to no module.
    pub(super) unresolved: Vec<String>,
}

/// A path as it is written: `crate::a::b`, with the line and the modules inside the file that it stands in.
struct Written {
    segments: Vec<String>,
    line: usize,
    inside: usize,
    is_reexport: bool,
}

impl Sources {
    pub(super) fn read(root: &str) -> Self {
        fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                // The guides are text, and their examples are users of the crate.
                if path.is_dir() && !path.ends_with("tests") && !path.ends_with("guide") {
                    walk(root, &path, files);
                } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                    files.insert(name, std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(Path::new(root), Path::new(root), &mut files);
        Self::of(files)
    }

    /// The same sources with a line more at the end of a file.
    pub(super) fn with(&self, file: &str, line: &str) -> Self {
        let mut files = self.files.clone();
        files.get_mut(file).unwrap().push_str(line);
        Self::of(files)
    }

    /// Every line with its file and number.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.files.iter().flat_map(|(file, text)| (1..).zip(text.lines()).map(|(line, text)| (&**file, line, text)))
    }

    fn of(files: BTreeMap<String, String>) -> Self {
        let modules: BTreeSet<String> = files.keys().map(|file| module_of(file)).collect();
        let mut sources = Self { modules, ..Self::default() };
        let paths: Vec<(String, Vec<Written>)> =
            files.iter().map(|(file, text)| (file.clone(), written(text))).collect();
        let exports = exports(&paths);
        for (file, paths) in &paths {
            let from = module_of(file);
            for path in paths {
                let Some(mut segments) = absolute(&from, path) else { continue };
                segments.retain(|segment| segment != "*" && segment != "self");
                match resolve(&segments, &sources.modules, &exports) {
                    Some(to) => sources.imports.push(Import {
                        file: file.clone(),
                        line: path.line,
                        from: from.clone(),
                        to,
                        is_facade: file.ends_with("mod.rs") || file == "lib.rs",
                        is_reexport: path.is_reexport,
                    }),
                    None => sources.unresolved.push(format!(
                        "{file}:{}: crate::{} names no module: a name of the root hides where it comes from",
                        path.line,
                        segments.join("::")
                    )),
                }
            }
        }
        sources.files = files;
        sources
    }
}

fn module_of(file: &str) -> String {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    if path == "lib" { String::new() } else { path }
}

/// A path from the crate's root on. `None` for one that stays inside its file.
fn absolute(from: &str, path: &Written) -> Option<Vec<String>> {
    let mut here: Vec<String> = from.split("::").filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    let mut rest = path.segments.iter().peekable();
    let mut inside = path.inside;
    match rest.peek()?.as_str() {
        "crate" => {
            here.clear();
            rest.next();
        }
        "self" if inside == 0 => _ = rest.next(),
        "super" => {
            while rest.next_if(|segment| *segment == "super").is_some() {
                match inside.checked_sub(1) {
                    Some(outer) => inside = outer,
                    None => _ = here.pop()?,
                }
            }
            if inside > 0 || path.inside > 0 && here.len() == from.split("::").count() {
                return None;
            }
        }
        _ => return None,
    }
    here.extend(rest.cloned());
    Some(here)
}

/// The names that a module gathers from those below it.
fn exports(paths: &[(String, Vec<Written>)]) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut exports: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for (file, written) in paths {
        let module = module_of(file);
        for path in written.iter().filter(|path| path.segments.first().is_some_and(|first| first == "self")) {
            if let Some(target) = absolute(&module, path) {
                exports.entry(module.clone()).or_default().push(target);
            }
        }
    }
    exports
}

/// The module that defines what a path names. `None` where the root has no such module.
fn resolve(
    path: &[String],
    modules: &BTreeSet<String>,
    exports: &BTreeMap<String, Vec<Vec<String>>>,
) -> Option<String> {
    let mut module = String::new();
    for (at, segment) in path.iter().enumerate() {
        let inner = if module.is_empty() { segment.clone() } else { format!("{module}::{segment}") };
        if modules.contains(&inner) {
            module = inner;
            continue;
        }
        if module.is_empty() {
            return None;
        }
        let mut gathered = exports.get(&module).into_iter().flatten();
        if let Some(target) = gathered.clone().find(|target| target.last() == Some(segment) && **target != *path) {
            return resolve(target, modules, exports);
        }
        // What a glob gathers is looked for where it leads.
        let below =
            gathered.by_ref().filter(|target| target.last().is_some_and(|last| last == "*")).find_map(|target| {
                let mut inner = target[..target.len() - 1].to_vec();
                inner.push(segment.clone());
                let base = target[..target.len() - 1].join("::");
                let resolved = resolve(&inner, modules, exports)?;
                (at < path.len() && resolved != base).then_some(resolved)
            });
        return Some(below.unwrap_or(module));
    }
    Some(module)
}

/// Every path of a file that begins with `crate`, `self` or `super`.
fn written(text: &str) -> Vec<Written> {
    let tokens = TokenStream::from_str(text).unwrap();
    let mut paths = Vec::new();
    collect(tokens, 0, &mut paths);
    paths
}

/// `inside` counts the modules of the file around the tokens. Its tests may look upwards.
fn collect(tokens: TokenStream, inside: usize, paths: &mut Vec<Written>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(ident) if ident == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    if name != "tests" {
                        collect(body.stream(), inside + 1, paths);
                    }
                    at += 2;
                }
                at += 1;
            }
            TokenTree::Ident(ident) if ["crate", "self", "super"].contains(&&*ident.to_string()) => {
                let line = ident.span().start().line;
                let mut prefix = vec![ident.to_string()];
                let is_reexport = is_reexport(&tokens[..at]);
                at = follow(&tokens, at + 1, &mut prefix, (line, inside, is_reexport), paths);
            }
            TokenTree::Group(group) => {
                collect(group.stream(), inside, paths);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Whether the tokens before a path end in `pub use` or `pub(…) use`.
fn is_reexport(before: &[TokenTree]) -> bool {
    let is = |token: Option<&TokenTree>, word: &str| matches!(token, Some(TokenTree::Ident(ident)) if ident == word);
    let mut back = before.iter().rev();
    let last = back.next();
    let mut visibility = back.next();
    if matches!(visibility, Some(TokenTree::Group(_))) {
        visibility = back.next();
    }
    is(last, "use") && is(visibility, "pub")
}

/// Reads on from a path's first segment, into the braces of a `use` as well.
fn follow(
    tokens: &[TokenTree],
    mut at: usize,
    prefix: &mut Vec<String>,
    place: (usize, usize, bool),
    paths: &mut Vec<Written>,
) -> usize {
    let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    while is_colon(at) && is_colon(at + 1) {
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(ident)) => prefix.push(ident.to_string()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => prefix.push("*".to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for item in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                    if let Some(TokenTree::Ident(first)) = item.first() {
                        let mut longer = prefix.clone();
                        longer.push(first.to_string());
                        follow(item, 1, &mut longer, place, paths);
                    }
                }
                return at + 3;
            }
            _ => break,
        }
        at += 3;
    }
    if prefix.len() > 1 {
        let (line, inside, is_reexport) = place;
        paths.push(Written { segments: prefix.clone(), line, inside, is_reexport });
    }
    at
}
