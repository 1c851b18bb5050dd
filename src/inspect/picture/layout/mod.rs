//! A layered layout (Sugiyama, Tagawa and Toda 1981): callers to the left of what they call.
//!
//! 1. Every node gets a layer ([`rank`]); an edge over several layers is led through points in those between.
//! 2. The nodes of each layer get an order with few crossings ([`order`]).
//! 3. And heights that make edges straight ([`place`]).
//!
//! Edges bend right behind the layer that they leave and run level into the next: what is written on the level run is
//! never crossed by another edge of the same gap, and labels, one to a landing, do not overlap.
//!
//! Linear in nodes and edges but for sorting; of points there are at most so many.

mod order;
mod place;
mod rank;

/// How far an edge takes to bend.
const BEND: f64 = 56.0;
/// The least way between two layers.
const GAP: f64 = 92.0;
/// Between the end of a label and the node it lands at, and before it.
const AROUND_LABEL: f64 = 26.0;
/// Between two landings at one node.
pub const LANDING: f64 = 22.0;
/// Between two edges that leave one node, at most.
const LEAVING: f64 = 14.0;

/// With more points than this, the rest of the long edges are led straight: such a picture is read by nobody, but whoever
/// made the binary shall not say how long it takes.
const MOST_POINTS: usize = 20_000;

/// What is to be placed.
#[derive(Debug, Clone, Default)]
pub struct Network {
    pub vertices: Vec<Vertex>,
    pub edges: Vec<Edge>,
}

/// A box.
#[derive(Debug, Clone, Copy)]
pub struct Vertex {
    pub width: f64,
    pub height: f64,
    /// It stands for what comes from outside: left of all others.
    pub is_entry: bool,
}

/// From a caller to what it calls.
#[derive(Debug, Clone)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// Edges to one node that share a number land at one place. Numbers count from nought for each node.
    pub landing: usize,
    /// Of what is written at the landing.
    pub label: f64,
}

/// Where everything is.
#[derive(Debug, Clone, Default)]
pub struct Placed {
    /// Upper left corners.
    pub corners: Vec<(f64, f64)>,
    pub routes: Vec<Route>,
    pub width: f64,
    pub height: f64,
}

/// The way of an edge: level from where it leaves, then for each gap between layers a bend and a level run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route {
    pub start: (f64, f64),
    pub steps: Vec<Step>,
}

/// One gap between layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Where the bend begins and ends.
    pub bend: (f64, f64),
    /// The height after it.
    pub y: f64,
    /// Where the level run ends.
    pub to: f64,
}

/// A network with points where edges cross layers: every link leads from one layer to the next.
#[derive(Debug, Default)]
struct Layered {
    /// Boxes first, then points.
    layer: Vec<usize>,
    size: Vec<(f64, f64)>,
    /// How many are boxes.
    boxes: usize,
    layers: Vec<Vec<usize>>,
    links: Vec<Link>,
    /// By vertex, the links that lead into it and out of it.
    into: Vec<Vec<usize>>,
    out: Vec<Vec<usize>>,
    /// By edge, its links in order.
    chains: Vec<Vec<usize>>,
}

/// A piece of an edge.
#[derive(Debug, Clone, Copy)]
struct Link {
    from: usize,
    to: usize,
    /// Heights relative to the middle of the vertices.
    leaves: f64,
    lands: f64,
}

/// Places a network.
pub fn layout(network: &Network) -> Placed {
    if network.vertices.is_empty() {
        return Placed::default();
    }
    let mut layered = layered(network);
    order::order(&mut layered);
    attach(network, &mut layered);
    let middles = place::heights(&layered);
    placed(network, &layered, &middles)
}

fn layered(network: &Network) -> Layered {
    let layer = rank::layers(network);
    let boxes = network.vertices.len();
    let size = network.vertices.iter().map(|vertex| (vertex.width, vertex.height)).collect();
    let mut layered = Layered { layer, size, boxes, ..Layered::default() };
    let mut points = 0;
    for edge in &network.edges {
        let mut chain = Vec::new();
        let mut at = edge.from;
        // Of an edge that closes a circle, the way is the other way round.
        let (first, last) = (layered.layer[edge.from], layered.layer[edge.to]);
        let between: Vec<usize> =
            if first <= last { (first + 1..last).collect() } else { (last + 1..first).rev().collect() };
        points += between.len();
        let between = if points <= MOST_POINTS { between } else { Vec::new() };
        for layer in between {
            let point = layered.layer.len();
            layered.layer.push(layer);
            layered.size.push((0.0, 0.0));
            chain.push((at, point));
            at = point;
        }
        chain.push((at, edge.to));
        let links = chain.into_iter().map(|(from, to)| {
            layered.links.push(Link { from, to, leaves: 0.0, lands: 0.0 });
            layered.links.len() - 1
        });
        let links = links.collect();
        layered.chains.push(links);
    }
    let vertices = layered.layer.len();
    layered.into = vec![Vec::new(); vertices];
    layered.out = vec![Vec::new(); vertices];
    for (at, link) in layered.links.iter().enumerate() {
        layered.into[link.to].push(at);
        layered.out[link.from].push(at);
    }
    let count = layered.layer.iter().max().map_or(0, |last| last + 1);
    layered.layers = vec![Vec::new(); count];
    for (vertex, layer) in layered.layer.iter().enumerate() {
        layered.layers[*layer].push(vertex);
    }
    layered
}

/// Decides where at its nodes each edge leaves and lands, once the order within layers is known.
fn attach(network: &Network, layered: &mut Layered) {
    let mut rank = vec![0_usize; layered.layer.len()];
    for layer in &layered.layers {
        layer.iter().enumerate().for_each(|(at, vertex)| rank[*vertex] = at);
    }
    let mut incoming: Vec<Vec<usize>> = vec![Vec::new(); layered.boxes];
    network.edges.iter().enumerate().for_each(|(at, edge)| incoming[edge.to].push(at));
    for (vertex, incoming) in incoming.iter().enumerate() {
        // Leaving: in the order of where they go.
        let mut leaving = layered.out[vertex].clone();
        leaving.sort_by_key(|link| rank[layered.links[*link].to]);
        let room = (layered.size[vertex].1 - 16.0).max(0.0);
        let step = if leaving.len() > 1 { (room / (leaving.len() - 1) as f64).min(LEAVING) } else { 0.0 };
        let middle = (leaving.len().saturating_sub(1)) as f64 / 2.0;
        for (at, link) in leaving.into_iter().enumerate() {
            layered.links[link].leaves = (at as f64 - middle) * step;
        }
        // Landing: in the order of where they come from, those of one landing together.
        let landings = incoming.iter().map(|at| network.edges[*at].landing + 1).max();
        let Some(landings) = landings else { continue };
        let mut sums = vec![(0.0_f64, 0.0_f64); landings];
        let mut links = Vec::new();
        for (edge, chain) in incoming.iter().map(|at| (&network.edges[*at], &layered.chains[*at])) {
            if let Some(last) = chain.last() {
                links.push((*last, edge.landing));
                let sum = &mut sums[edge.landing];
                *sum = (sum.0 + rank[layered.links[*last].from] as f64, sum.1 + 1.0);
            }
        }
        let mut sequence: Vec<usize> = (0..landings).collect();
        let mean = |landing: &usize| sums[*landing].0 / sums[*landing].1.max(1.0);
        sequence.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
        let middle = (landings - 1) as f64 / 2.0;
        for (link, landing) in links {
            let at = sequence.iter().position(|it| *it == landing).unwrap_or_default();
            layered.links[link].lands = (at as f64 - middle) * LANDING;
        }
    }
}

fn placed(network: &Network, layered: &Layered, middles: &[f64]) -> Placed {
    // Columns: where each layer begins and ends.
    let mut gaps = vec![GAP; layered.layers.len()];
    for (edge, chain) in network.edges.iter().zip(&layered.chains) {
        if let Some(last) = chain.last() {
            let before = layered.layer[layered.links[*last].from];
            gaps[before] = gaps[before].max(BEND + edge.label + AROUND_LABEL);
        }
    }
    let mut columns = Vec::with_capacity(layered.layers.len());
    let mut x = 0.0;
    for (layer, gap) in layered.layers.iter().zip(&gaps) {
        let width = layer.iter().map(|vertex| layered.size[*vertex].0).fold(0.0, f64::max);
        columns.push((x, x + width));
        x += width + gap;
    }
    let top =
        (0..layered.layer.len()).map(|vertex| middles[vertex] - layered.size[vertex].1 / 2.0).fold(f64::MAX, f64::min);
    let bottom =
        (0..layered.layer.len()).map(|vertex| middles[vertex] + layered.size[vertex].1 / 2.0).fold(f64::MIN, f64::max);
    let rounded = |value: f64| (value * 2.0).round() / 2.0;
    let y = |vertex: usize| rounded(middles[vertex] - top);
    let corner = |vertex: usize| (columns[layered.layer[vertex]].0, rounded(y(vertex) - layered.size[vertex].1 / 2.0));
    let route = |chain: &Vec<usize>| {
        let Some(first) = chain.first().map(|link| layered.links[*link]) else { return Route::default() };
        let start = (columns[layered.layer[first.from]].0 + layered.size[first.from].0, y(first.from) + first.leaves);
        let step = |link: &usize| {
            let link = layered.links[*link];
            let end = columns[layered.layer[link.from]].1;
            Step { bend: (end, end + BEND), y: y(link.to) + link.lands, to: columns[layered.layer[link.to]].0 }
        };
        Route { start, steps: chain.iter().map(step).collect() }
    };
    Placed {
        corners: (0..layered.boxes).map(corner).collect(),
        routes: layered.chains.iter().map(route).collect(),
        width: columns.last().map_or(0.0, |last| last.1),
        height: rounded(bottom - top),
    }
}
