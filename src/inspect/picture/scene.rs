//! Where every box and line of a picture is: each composition is laid out by itself, and is a box in the one around it.

use super::{
    Drawing, Link, LinkKind,
    layout::{Edge, LANDING, Network, Placed, Route, Vertex, layout},
    words::{fitting, mono_width, visible, width},
};
use crate::inspect::model::NodeKind;

/// Sizes of faces.
pub const TITLE: f64 = 14.0;
pub const SMALL: f64 = 11.0;
pub const LABEL: f64 = 11.0;
/// How much wider the bold face is.
const BOLD: f64 = 1.14;

const PADDING: f64 = 24.0;
const HEADING: f64 = 40.0;
/// Of a box without anything inside.
const WIDTH: (f64, f64) = (136.0, 320.0);

/// A picture.
#[derive(Debug, Default)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    /// A box comes before those inside it.
    pub boxes: Vec<Placement>,
    pub lines: Vec<Line>,
}

/// A box.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Its node's place in the drawing.
    pub place: usize,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// It holds other boxes.
    pub is_frame: bool,
    pub title: String,
    pub subtitle: String,
    pub host: Option<String>,
}

/// A link.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its link's place in the drawing.
    pub link: usize,
    pub route: Route,
    /// One of the links that land at a place writes its label.
    pub label: Option<String>,
}

/// A composition with its inside placed, before it is known where it is.
#[derive(Default)]
struct Inside {
    /// Nodes, where they are inside, and how high they have to be.
    boxes: Vec<(usize, (f64, f64), f64)>,
    lines: Vec<Line>,
}

/// Places everything.
pub fn scene(drawing: &Drawing<'_>) -> Scene {
    let count = drawing.nodes.len();
    let mut placements: Vec<Placement> = (0..count).map(|place| leaf(drawing, place)).collect();
    let mut insides: Vec<Inside> = (0..count).map(|_| Inside::default()).collect();
    let mut links: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, link) in drawing.links.iter().enumerate() {
        if let Some(frame) = frame(drawing, link) {
            links[frame].push(at);
        }
    }
    // From the innermost outwards: what is inside comes later.
    for place in (0..count).rev() {
        let children = &drawing.nodes[place].children;
        if !children.is_empty() {
            let sizes: Vec<(f64, f64)> =
                children.iter().map(|child| (placements[*child].width, placements[*child].height)).collect();
            insides[place] = inside(drawing, children, &links[place], &mut placements[place], &sizes);
        }
    }
    if count == 1 {
        return alone(drawing, placements.remove(0));
    }
    let mut scene = Scene::default();
    for place in 0..count {
        let placement = placements[place].clone();
        let (x, y) = (placement.x, placement.y);
        if place == 0 {
            (scene.width, scene.height) = (placement.width, placement.height);
        }
        for (child, (left, top), height) in &insides[place].boxes {
            (placements[*child].x, placements[*child].y) = (x + left, y + top);
            placements[*child].height = *height;
        }
        scene.lines.extend(insides[place].lines.iter().map(|line| line.moved(x, y)));
        scene.boxes.push(placement);
    }
    scene
}

/// The composition inside of which a link is drawn.
fn frame(drawing: &Drawing<'_>, link: &Link) -> Option<usize> {
    drawing.nodes[drawing.place(link.to)?].parent
}

/// A box as if nothing were inside.
fn leaf(drawing: &Drawing<'_>, place: usize) -> Placement {
    let shown = &drawing.nodes[place];
    let title = super::words::shortened(&visible(&shown.node.name), 30);
    let subtitle = super::words::shortened(&shown.subtitle(), 36);
    let text = width(&title, TITLE * BOLD).max(width(&subtitle, SMALL)) + 40.0;
    let wanted = shown.host.iter().map(|word| width(word, SMALL) + 9.0).sum::<f64>() + 60.0;
    let width = if shown.host.is_empty() { text } else { text.max(wanted.min(210.0)) };
    let width = width.clamp(WIDTH.0, WIDTH.1).round();
    let host = (!shown.host.is_empty()).then(|| fitting(&shown.host, width - 64.0, SMALL));
    let height = match (shown.node.kind, host.is_some()) {
        (NodeKind::Denial, _) => 44.0,
        (_, true) => 76.0,
        (_, false) => 54.0,
    };
    Placement { place, x: 0.0, y: 0.0, width, height, is_frame: false, title, subtitle, host }
}

/// Lays out the inside of a composition, and gives its box the size for it.
fn inside(
    drawing: &Drawing<'_>,
    children: &[usize],
    links: &[usize],
    frame: &mut Placement,
    sizes: &[(f64, f64)],
) -> Inside {
    let mut network = Network::default();
    for (width, height) in sizes {
        network.vertices.push(Vertex { width: *width, height: *height, is_entry: false });
    }
    let vertex = |id: u32| drawing.place(id).and_then(|place| children.binary_search(&place).ok());
    let mut landings: Vec<Vec<String>> = vec![Vec::new(); children.len()];
    let mut drawn: Vec<(usize, Option<String>)> = Vec::new();
    for at in links {
        let link = &drawing.links[*at];
        let Some(to) = vertex(link.to) else { continue };
        let from = match link.kind {
            LinkKind::Export => {
                network.vertices.push(Vertex { width: 0.0, height: LANDING, is_entry: true });
                network.vertices.len() - 1
            }
            LinkKind::Wire | LinkKind::Denied => match vertex(link.from) {
                Some(from) => from,
                None => continue,
            },
        };
        let label = link.label();
        let known = landings[to].iter().position(|known| *known == label);
        let landing = known.unwrap_or(landings[to].len());
        if known.is_none() {
            landings[to].push(label.clone());
        }
        network.edges.push(Edge { from, to, landing, label: mono_width(&label, LABEL) });
        drawn.push((*at, known.is_none().then_some(label)));
    }
    for (vertex, landings) in network.vertices.iter_mut().zip(&landings) {
        vertex.height = vertex.height.max(landings.len() as f64 * LANDING + 10.0);
    }
    let has_entries = network.vertices.len() > children.len();
    let placed: Placed = layout(&network);
    // Entries stand on the frame's edge.
    let left = if has_entries { 0.0 } else { PADDING };
    frame.is_frame = true;
    frame.width =
        (left + placed.width + PADDING).max(width(&frame.title, TITLE * BOLD) + width(&frame.subtitle, SMALL) + 64.0);
    frame.height = HEADING + placed.height + PADDING;
    let boxes = children.iter().zip(&placed.corners).zip(&network.vertices);
    let boxes = boxes.map(|((place, (x, y)), vertex)| (*place, (x + left, y + HEADING), vertex.height));
    let line =
        |(route, (link, label)): (Route, (usize, Option<String>))| Line { link, route, label }.moved(left, HEADING);
    Inside { boxes: boxes.collect(), lines: placed.routes.into_iter().zip(drawn).map(line).collect() }
}

/// A file that is no composition: its box, and what it exports at its left.
fn alone(drawing: &Drawing<'_>, mut only: Placement) -> Scene {
    let mut labels = Vec::new();
    if let Some(link) = drawing.links.first() {
        labels.extend(link.items.iter().map(|item| super::words::label([item.export.as_str()].into_iter())));
    }
    let room = labels.iter().map(|label| mono_width(label, LABEL)).fold(0.0, f64::max) + 40.0;
    only.height = only.height.max(labels.len() as f64 * LANDING + 10.0);
    (only.x, only.y) = (if labels.is_empty() { PADDING } else { room + PADDING }, PADDING);
    let middle = only.y + only.height / 2.0 - (labels.len().saturating_sub(1)) as f64 / 2.0 * LANDING;
    let line = |(at, label): (usize, String)| {
        let y = middle + at as f64 * LANDING;
        let step = super::layout::Step { bend: (PADDING, PADDING), y, to: only.x };
        Line { link: 0, route: Route { start: (PADDING, y), steps: vec![step] }, label: Some(label) }
    };
    Scene {
        width: only.x + only.width + PADDING,
        height: only.height + PADDING * 2.0,
        lines: labels.into_iter().enumerate().map(line).collect(),
        boxes: vec![only],
    }
}

impl Line {
    fn moved(&self, x: f64, y: f64) -> Line {
        let mut line = self.clone();
        line.route.start = (line.route.start.0 + x, line.route.start.1 + y);
        for step in &mut line.route.steps {
            step.bend = (step.bend.0 + x, step.bend.1 + x);
            step.y += y;
            step.to += x;
        }
        line
    }
}
