//! Counts the instructions of reading a page: `tests/instructions/run` makes the table.
//!
//! By hand a body is read as reqwest reads it, from its bytes. This client checks first that it is UTF-8, which counts here.
#![allow(missing_docs)]

use std::hint::black_box;

use graph_client::graph::{Group, Page, User};
use gungraun::prelude::*;
use instructions::{HandWrittenGroup, HandWrittenPage, groups, selected_groups, users};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn read<T: DeserializeOwned>(body: &[u8]) -> Page<T> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    serde_json::from_str(text).expect("a page")
}

#[library_benchmark]
#[bench::groups(groups())]
#[bench::selected_groups(selected_groups())]
fn hand_written(body: String) -> HandWrittenPage<HandWrittenGroup> {
    black_box(serde_json::from_slice(body.as_bytes()).expect("a page"))
}

#[library_benchmark]
#[bench::groups(groups())]
#[bench::selected_groups(selected_groups())]
fn typed(body: String) -> Page<Group> {
    black_box(read(body.as_bytes()))
}

#[library_benchmark]
#[bench::users(users())]
fn typed_users(body: String) -> Page<User> {
    black_box(read(body.as_bytes()))
}

#[library_benchmark]
#[bench::groups(groups())]
fn untyped(body: String) -> Page<Value> {
    black_box(read(body.as_bytes()))
}

library_benchmark_group!(name = reading, benchmarks = [hand_written, typed, typed_users, untyped]);

main!(library_benchmark_groups = reading);
