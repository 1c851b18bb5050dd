//! The order within layers: each vertex near the middle of its neighbours in the layer before, then in the one after,
//! over and over; the order with the fewest crossings is kept.

use super::Layered;

/// How often all layers are gone through, both ways.
const SWEEPS: usize = 12;
/// Swapping neighbours looks at pairs of edges: only in layers that are not too wide.
const SWAPPED: usize = 80;

/// Orders the layers.
pub fn order(layered: &mut Layered) {
    start(layered);
    let mut best = (crossings(layered), layered.layers.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let count = layered.layers.len();
        if sweep % 2 == 0 {
            (1..count).for_each(|layer| by_neighbours(layered, layer, Side::Before));
        } else {
            (0..count.saturating_sub(1)).rev().for_each(|layer| by_neighbours(layered, layer, Side::After));
        }
        swap(layered);
        let found = crossings(layered);
        if found < best.0 {
            best = (found, layered.layers.clone());
        }
    }
    layered.layers = best.1;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// As a walk from the first vertices on finds them: what is connected starts out together.
fn start(layered: &mut Layered) {
    let mut seen = vec![false; layered.layer.len()];
    let mut layers = vec![Vec::new(); layered.layers.len()];
    let roots: Vec<usize> = layered.layers.concat();
    let mut pending: Vec<usize> = Vec::new();
    for root in roots {
        pending.push(root);
        while let Some(vertex) = pending.pop() {
            if std::mem::replace(&mut seen[vertex], true) {
                continue;
            }
            layers[layered.layer[vertex]].push(vertex);
            pending.extend(layered.out[vertex].iter().rev().map(|link| layered.links[*link].to));
        }
    }
    layered.layers = layers;
}

fn places(layered: &Layered) -> Vec<usize> {
    let mut places = vec![0; layered.layer.len()];
    for layer in &layered.layers {
        layer.iter().enumerate().for_each(|(at, vertex)| places[*vertex] = at);
    }
    places
}

fn neighbours(layered: &Layered, vertex: usize, side: Side) -> impl Iterator<Item = usize> {
    // Links of an edge that closes a circle lead to the left.
    let layer = layered.layer[vertex];
    let all = layered.into[vertex].iter().map(|link| layered.links[*link].from);
    let all = all.chain(layered.out[vertex].iter().map(|link| layered.links[*link].to));
    all.filter(move |other| match side {
        Side::Before => layered.layer[*other] < layer,
        Side::After => layered.layer[*other] > layer,
    })
}

fn by_neighbours(layered: &mut Layered, layer: usize, side: Side) {
    let places = places(layered);
    let wanted = |(at, vertex): (usize, &usize)| {
        let (mut sum, mut count) = (0.0, 0.0);
        for other in neighbours(layered, *vertex, side) {
            sum += places[other] as f64;
            count += 1.0;
        }
        // Without neighbours it stays about where it is.
        (if count > 0.0 { sum / count } else { at as f64 }, *vertex)
    };
    let mut wanted: Vec<(f64, usize)> = layered.layers[layer].iter().enumerate().map(wanted).collect();
    wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
    layered.layers[layer] = wanted.into_iter().map(|(_, vertex)| vertex).collect();
}

/// Swaps neighbours in a layer where that saves crossings.
fn swap(layered: &mut Layered) {
    let mut places = places(layered);
    for layer in 0..layered.layers.len() {
        if layered.layers[layer].len() > SWAPPED {
            continue;
        }
        for at in 1..layered.layers[layer].len() {
            let (left, right) = (layered.layers[layer][at - 1], layered.layers[layer][at]);
            let crossed = |first: usize, second: usize| -> usize {
                [Side::Before, Side::After]
                    .into_iter()
                    .map(|side| {
                        let seconds: Vec<usize> = neighbours(layered, second, side).map(|it| places[it]).collect();
                        let firsts = neighbours(layered, first, side).map(|it| places[it]);
                        firsts.map(|first| seconds.iter().filter(|second| **second < first).count()).sum::<usize>()
                    })
                    .sum()
            };
            if crossed(right, left) < crossed(left, right) {
                layered.layers[layer].swap(at - 1, at);
                places[left] = at;
                places[right] = at - 1;
            }
        }
    }
}

/// How many pairs of links cross (Barth, Mutzel and Jünger 2004: counted by a tree over the places of a layer).
fn crossings(layered: &Layered) -> usize {
    let places = places(layered);
    let mut all = 0;
    for (index, layer) in layered.layers.iter().enumerate().skip(1) {
        let mut ends: Vec<(usize, usize)> = layer
            .iter()
            .flat_map(|vertex| neighbours(layered, *vertex, Side::Before).map(|other| (places[other], places[*vertex])))
            .collect();
        ends.sort_unstable();
        let width = layer.len().max(layered.layers[index - 1].len());
        let mut tree = vec![0_usize; width + 1];
        for (seen, (_, place)) in ends.iter().enumerate() {
            let mut before = 0;
            let mut at = place + 1;
            while at > 0 {
                before += tree[at];
                at &= at - 1;
            }
            all += seen - before;
            let mut at = place + 1;
            while at <= width {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
    }
    all
}
