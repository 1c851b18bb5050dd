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
    layers
}
