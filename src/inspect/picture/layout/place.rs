//! Heights within layers, order kept: each vertex as near as can be to where its edges would be level.
//!
//! For one layer, with its neighbours standing still, the best heights are a weighted isotonic regression, which pooling
//! adjacent violators solves exactly in linear time. Layers are gone through to and fro.

use super::Layered;

/// How often all layers are gone through.
const SWEEPS: usize = 24;
/// Between two boxes, and beside a point.
const BETWEEN: f64 = 26.0;
const BESIDE: f64 = 12.0;

/// The height of the middle of each vertex.
pub fn heights(layered: &Layered) -> Vec<f64> {
    let mut middles = vec![0.0; layered.layer.len()];
    for layer in &layered.layers {
        let mut y = 0.0;
        for (at, &vertex) in layer.iter().enumerate() {
            if at > 0 {
                y += distance(layered, layer[at - 1], vertex);
            }
            middles[vertex] = y;
        }
        // Centred, so that the first sweep does not pull everything up.
        layer.iter().for_each(|vertex| middles[*vertex] -= y / 2.0);
    }
    let count = layered.layers.len();
    for sweep in 0..SWEEPS {
        let sides = if sweep + 6 >= SWEEPS { (true, true) } else { (sweep % 2 == 0, sweep % 2 == 1) };
        let layers: Vec<usize> = if sweep % 2 == 0 { (0..count).collect() } else { (0..count).rev().collect() };
        layers.into_iter().for_each(|layer| settle(layered, &layered.layers[layer], sides, &mut middles));
    }
    middles
}

/// The least distance between the middles of two neighbours.
fn distance(layered: &Layered, above: usize, below: usize) -> f64 {
    let is_box = |vertex: usize| vertex < layered.boxes && layered.size[vertex].0 > 0.0;
    let between = if is_box(above) && is_box(below) { BETWEEN } else { BESIDE };
    (layered.size[above].1 + layered.size[below].1) / 2.0 + between
}

/// Moves a layer to where its links to the left (first of `sides`) and to the right (second) would be level.
fn settle(layered: &Layered, layer: &[usize], sides: (bool, bool), middles: &mut [f64]) {
    let mut blocks: Vec<Block> = Vec::with_capacity(layer.len());
    // How far below the first of the layer each has to be at least.
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(layer.len());
    for (at, &vertex) in layer.iter().enumerate() {
        if at > 0 {
            offset += distance(layered, layer[at - 1], vertex);
        }
        offsets.push(offset);
        let (wanted, weight) = wanted(layered, vertex, sides, middles);
        let mut block = Block { weight, sum: weight * (wanted - offset), count: 1 };
        while let Some(last) = blocks.last().filter(|last| last.mean() > block.mean()) {
            block = Block {
                weight: block.weight + last.weight,
                sum: block.sum + last.sum,
                count: block.count + last.count,
            };
            blocks.pop();
        }
        blocks.push(block);
    }
    let means = blocks.iter().flat_map(|block| std::iter::repeat_n(block.mean(), block.count));
    for ((vertex, offset), mean) in layer.iter().zip(offsets).zip(means) {
        middles[*vertex] = mean + offset;
    }
}

struct Block {
    weight: f64,
    sum: f64,
    count: usize,
}

impl Block {
    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

/// Where a vertex's links want it, and how much. Long edges pull more: they shall be straight.
fn wanted(layered: &Layered, vertex: usize, (before, after): (bool, bool), middles: &[f64]) -> (f64, f64) {
    let is_point = |vertex: usize| vertex >= layered.boxes;
    let weight = |other: usize| match (is_point(vertex), is_point(other)) {
        (true, true) => 8.0,
        (true, false) | (false, true) => 2.0,
        (false, false) => 1.0,
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    if before {
        for link in layered.into[vertex].iter().map(|link| layered.links[*link]) {
            sum += weight(link.from) * (middles[link.from] + link.leaves - link.lands);
            weights += weight(link.from);
        }
    }
    if after {
        for link in layered.out[vertex].iter().map(|link| layered.links[*link]) {
            sum += weight(link.to) * (middles[link.to] + link.lands - link.leaves);
            weights += weight(link.to);
        }
    }
    if weights > 0.0 { (sum / weights, weights) } else { (middles[vertex], 0.05) }
}
