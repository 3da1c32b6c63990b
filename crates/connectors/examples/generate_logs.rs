//! Writes a log file of any size, the same one every time, to measure the snapshot source with.
//!
//! `cargo run --release -p midwatch-connectors --example generate_logs -- LINES FILE.ndjson`

use std::fs::File;
use std::io::{BufWriter, Write};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(lines), Some(path)) =
        (arguments.first().and_then(|lines| lines.parse().ok()), arguments.get(1))
    else {
        return Err(std::io::Error::other("usage: generate_logs LINES FILE.ndjson"));
    };
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for line in 0..lines {
        write_line(&mut file, line)?;
    }
    file.flush()
}

/// A line of one of 40 services in one of 12 forms; about 130 bytes.
fn write_line(file: &mut impl Write, line: u64) -> std::io::Result<()> {
    // SplitMix64 (Steele, Lea, Flood 2014): scattered, and the same on every machine.
    let mut mixed = line.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    let (service, form, number) = (mixed % 40, (mixed >> 8) % 12, (mixed >> 16) % 5000);
    let millis = 1_767_960_000_000 + line / 3;
    write!(file, "{{\"timestamp\":{millis},\"service\":\"svc-{service}\",")?;
    match form {
        0..6 => write!(file, "\"level\":\"info\",\"msg\":\"handled request in {number}ms\"")?,
        6 => write!(file, "\"level\":\"info\",\"msg\":\"user {number} signed in from 10.0.{service}.7\"")?,
        7 => write!(
            file,
            "\"level\":\"warn\",\"msg\":\"retrying call to svc-{} after {number}ms\"",
            mixed % 7
        )?,
        8 => write!(file, "\"level\":\"error\",\"msg\":\"timeout of {number}ms exceeded \\\"again\\\"\"")?,
        9 => write!(file, "\"level\":\"debug\",\"msg\":\"cache miss for key {mixed:016x}\"")?,
        10 => {
            write!(file, "\"level\":\"info\",\"msg\":\"order ord-{number} stored in shard {}\"", mixed % 16)?
        }
        _ => write!(file, "\"level\":\"info\",\"msg\":\"queue depth is {number}\"")?,
    }
    writeln!(file, ",\"http.route\":\"/api/v1/items\",\"trace_id\":\"{mixed:016x}\"}}")
}
