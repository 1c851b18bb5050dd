//! A program that needs collections, files, sockets, threads and the environment to link.

use std::{collections::HashMap, env, fs, net::TcpStream, thread};

fn main() {
    let lengths: HashMap<String, usize> = env::args().map(|arg| (arg.clone(), arg.len())).collect();
    let spawned = thread::Builder::new().spawn(|| 1).is_ok();
    println!("{lengths:?} {} {} {spawned}", fs::read("x").is_ok(), TcpStream::connect("127.0.0.1:1").is_ok());
}
