//! Layers: who calls comes before who is called.

use super::Network;

/// The layer of each vertex.
///
/// As near to the left as its callers allow; a caller that nobody calls as near to the right as what it calls allows.
/// Components cannot call in circles; where a network has one all the same, it is opened at its first vertex.
pub fn layers(network: &Network) -> Vec<usize> {
    let count = network.vertices.len();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waits = vec![0_usize; count];
    for edge in &network.edges {
        out[edge.from].push(edge.to);
        waits[edge.to] += 1;
    }
    let base = usize::from(network.vertices.iter().any(|vertex| vertex.is_entry));
    let mut layers: Vec<usize> = network.vertices.iter().map(|vertex| if vertex.is_entry { 0 } else { base }).collect();
    let called: Vec<bool> = waits.iter().map(|waits| *waits > 0).collect();
    let mut done = vec![false; count];
    let mut ready: std::collections::VecDeque<usize> = (0..count).filter(|vertex| waits[*vertex] == 0).collect();
    let mut order = Vec::with_capacity(count);
    let mut next = 0;
    while order.len() < count {
        let Some(vertex) = ready.pop_front() else {
            // All that is left is in circles, or behind one.
            while done[next] {
                next += 1;
            }
            ready.push_back(next);
            continue;
        };
        if std::mem::replace(&mut done[vertex], true) {
            continue;
        }
        order.push(vertex);
        for &called in &out[vertex] {
            if !done[called] {
                layers[called] = layers[called].max(layers[vertex] + 1);
                waits[called] = waits[called].saturating_sub(1);
                if waits[called] == 0 {
                    ready.push_back(called);
                }
            }
        }
    }
    for &vertex in order.iter().rev() {
        if !called[vertex] && !network.vertices[vertex].is_entry {
            let nearest = out[vertex].iter().map(|called| layers[*called]).min().unwrap_or_default();
            layers[vertex] = layers[vertex].max(nearest.saturating_sub(1));
        }
    }
    spread(network, &called, &out, &mut layers, base);
    layers
}

/// Vertices without edges fill the layers that have the fewest.
fn spread(network: &Network, called: &[bool], out: &[Vec<usize>], layers: &mut [usize], base: usize) {
    let is_alone = |vertex: usize| !called[vertex] && out[vertex].is_empty();
    let alone: Vec<usize> = (0..layers.len()).filter(|vertex| is_alone(*vertex)).collect();
    let last = (0..layers.len()).filter(|vertex| !is_alone(*vertex)).map(|vertex| layers[vertex]).max();
    // About as many beside as below each other where nothing else says how wide it is.
    let last = last.unwrap_or(base).max(base + (alone.len() as f64 / 2.0).sqrt() as usize);
    let mut counts = vec![0_usize; last + 1];
    for vertex in (0..layers.len()).filter(|vertex| !is_alone(*vertex) && !network.vertices[*vertex].is_entry) {
        counts[layers[vertex]] += 1;
    }
    for vertex in alone {
        let fewest = (base..=last).min_by_key(|layer| counts[*layer]).unwrap_or(base);
        layers[vertex] = fewest;
        counts[fewest] += 1;
    }
}
