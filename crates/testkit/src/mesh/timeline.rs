//! A timeline as a picture: panels over one another, one axis of time, marks for what was done.

use std::fmt::Write;

const WIDTH: f64 = 960.0;
/// Where the plots begin and end.
const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 20.0;
/// The title and the marks' words.
const HEAD: f64 = 96.0;
/// A panel with its own title.
const PANEL: f64 = 96.0;
/// Its plot.
const PLOT: f64 = 62.0;
/// The axis of time.
const FOOT: f64 = 36.0;

/// How a panel draws its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// From point to point.
    Line,
    /// Level until the next point.
    Steps,
    /// A bar at each point that is not zero.
    Bars,
}

/// One quantity over time.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is, with its unit.
    pub title: String,
    /// How it is drawn.
    pub shape: Shape,
    /// Seconds since the beginning, and the value then.
    pub points: Vec<(f64, f64)>,
}

/// The picture.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Above all.
    pub title: String,
    /// How long it goes.
    pub seconds: f64,
    /// What was done when.
    pub marks: Vec<(f64, String)>,
    /// From above.
    pub panels: Vec<Panel>,
}

impl Timeline {
    /// As an SVG file's text.
    pub fn svg(&self) -> String {
        let height = HEAD + PANEL * self.panels.len() as f64 + FOOT;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n"
        );
        text(&mut svg, (LEFT, 24.0), "start", "font-size=\"16\" font-weight=\"bold\"", &self.title);
        self.draw_marks(&mut svg, height);
        for (number, panel) in self.panels.iter().enumerate() {
            self.draw_panel(&mut svg, panel, HEAD + PANEL * number as f64);
        }
        let step = round_step(self.seconds / 10.0);
        let mut at = 0.0;
        while at <= self.seconds {
            text(&mut svg, (self.x(at), height - FOOT + 14.0), "middle", GREY, &format!("{at} s"));
            at += step;
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (seconds / self.seconds.max(0.001)).clamp(0.0, 1.0)
    }

    /// A line through all panels, its words above: neighbours' on different heights.
    fn draw_marks(&self, svg: &mut String, height: f64) {
        for (number, (at, what)) in self.marks.iter().enumerate() {
            let (x, y) = (self.x(*at), 44.0 + 15.0 * (number % 4) as f64);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#b45309\" \
                 stroke-dasharray=\"3 3\"/>",
                y + 3.0,
                height - FOOT
            );
            let anchor = if x > (LEFT + RIGHT) / 2.0 { "end" } else { "start" };
            text(svg, (x, y), anchor, "fill=\"#b45309\"", what);
        }
    }

    fn draw_panel(&self, svg: &mut String, panel: &Panel, top: f64) {
        let most = panel.points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let (floor, scale) = (top + PANEL - 14.0, PLOT / most.max(1.0));
        let y = |value: f64| floor - value * scale;
        text(svg, (LEFT, top + 14.0), "start", "font-weight=\"bold\"", &panel.title);
        for value in [0.0, most.max(1.0)] {
            let label = format!("{value:.0}");
            text(svg, (LEFT - 6.0, y(value) + 4.0), "end", GREY, &label);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"#e5e7eb\"/>",
                y(value)
            );
        }
        let mut path = String::new();
        for (number, (at, value)) in panel.points.iter().enumerate() {
            let (x, y) = (self.x(*at), y(*value));
            let _ = match (panel.shape, number) {
                (Shape::Bars, _) if *value == 0.0 => Ok(()),
                (Shape::Bars, _) => write!(path, "M{x:.1} {floor:.1}V{y:.1}"),
                (_, 0) => write!(path, "M{x:.1} {y:.1}"),
                (Shape::Line, _) => write!(path, "L{x:.1} {y:.1}"),
                (Shape::Steps, _) => write!(path, "H{x:.1}V{y:.1}"),
            };
        }
        let (colour, width) = match panel.shape {
            // A bar fills most of what its point stands for.
            Shape::Bars => ("#dc2626", ((RIGHT - LEFT) / panel.points.len() as f64 * 0.8).max(2.0)),
            Shape::Line | Shape::Steps => ("#1d4ed8", 1.5),
        };
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:.1}\"/>"
        );
    }
}

const GREY: &str = "fill=\"#6b7280\"";

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{words}</text>"
    );
}

/// 1, 2 or 5 times a power of ten, not below `least`, nor below one.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::{Panel, Shape, Timeline, round_step};

    #[test]
    fn a_picture_has_its_panels_marks_and_axis() {
        let panel =
            |shape| Panel { title: "a < b".into(), shape, points: vec![(0.0, 1.0), (10.0, 2.0)] };
        let picture = Timeline {
            title: "T".into(),
            seconds: 10.0,
            marks: vec![(5.0, "kill -9".into())],
            panels: vec![panel(Shape::Line), panel(Shape::Steps), panel(Shape::Bars)],
        };
        let svg = picture.svg();
        assert!(svg.contains("kill -9") && svg.contains("a &lt; b") && svg.contains("10 s"));
        assert!(svg.contains("d=\"M70.0 147.0L940.0 116.0\""), "{svg}");
        assert!(svg.contains("d=\"M70.0 243.0H940.0V212.0\""), "{svg}");
        assert!(svg.contains("d=\"M70.0 370.0V339.0M940.0 370.0V308.0\""), "{svg}");
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([0.2, 1.3, 3.0, 7.0, 12.0].map(round_step), [1.0, 2.0, 5.0, 10.0, 20.0]);
    }
}
