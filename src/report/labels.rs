//! The points of a plot as rings, and their names beside them: none hides another.

use super::plane::Area;

/// The smallest ring.
const RING: f64 = 4.0;
/// From a ring to the next one around it.
const STEP: f64 = 3.5;
/// Points nearer than this look like one.
const NEAR: f64 = 4.0;
/// Size of a letter, at most.
const LETTER: [f64; 2] = [6.4, 11.0];
/// From a ring to its name, at least; from there on a line leads to it.
const GAP: f64 = 3.0;
/// From one place that a name may have to the next one farther away.
const FARTHER: f64 = 6.0;

/// A ring, and where its name stands.
pub(super) struct Labelled {
    pub(super) radius: f64,
    /// The middle of the name.
    pub(super) name: [f64; 2],
    /// From the ring to a name that is not right beside it.
    pub(super) line: Option<[[f64; 2]; 2]>,
}

/// Rings for some points, those of points in one place around each other; and a place within an area for
/// the name of each, the nearest one that is free.
pub(super) fn labelled(points: &[[f64; 2]], names: &[String], area: Area) -> Vec<Labelled> {
    let mut radii: Vec<f64> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        let inner = points[..at].iter().zip(&radii).filter(|(other, _)| far(point, other) < NEAR);
        radii.push(inner.map(|(_, radius)| radius + STEP).fold(RING, f64::max));
    }
    let mut taken: Vec<Area> =
        points.iter().zip(&radii).map(|(point, radius)| around(point, [2.0 * radius; 2])).collect();
    let mut labelled = Vec::new();
    for ((point, &radius), name) in points.iter().zip(&radii).zip(names) {
        let size = [LETTER[0] * name.chars().count() as f64, LETTER[1]];
        let free =
            |place: &Area| area.holds(place) && !taken.iter().any(|other| place.meets(other));
        let place = places(point, radius, size).find(free);
        // Where there is no room at all, it is better to read over something than not to read.
        let place = place.unwrap_or_else(|| places(point, radius, size).next().expect("endless"));
        let end = place.nearest(point);
        let away = far(point, &end);
        let line = (away > radius + 2.0 * GAP).then(|| {
            let edge = [0, 1].map(|axis| point[axis] + (end[axis] - point[axis]) * radius / away);
            [edge, end]
        });
        labelled.push(Labelled { radius, name: place.middle(), line });
        taken.push(place);
    }
    labelled
}

/// Places for a name around a point, the nearest first, in eight directions.
fn places(point: &[f64; 2], radius: f64, size: [f64; 2]) -> impl Iterator<Item = Area> + use<'_> {
    const DIRECTIONS: [[f64; 2]; 8] = [
        [1.0, 0.0],
        [-1.0, 0.0],
        [0.0, -1.0],
        [0.0, 1.0],
        [0.71, -0.71],
        [0.71, 0.71],
        [-0.71, -0.71],
        [-0.71, 0.71],
    ];
    (0..40).flat_map(move |step| {
        let away = radius + GAP + FARTHER * f64::from(step);
        DIRECTIONS.map(|direction| {
            let place = |axis: usize| {
                // The edge of the name is so far away; straight up and down, its middle is right there.
                let half = if direction[axis] == 0.0 { 0.0 } else { size[axis] / 2.0 };
                point[axis] + direction[axis] * away + half.copysign(direction[axis])
            };
            around(&[place(0), place(1)], size)
        })
    })
}

fn far(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn around(middle: &[f64; 2], size: [f64; 2]) -> Area {
    let low = [0, 1].map(|axis| middle[axis] - size[axis] / 2.0);
    Area { low, high: [low[0] + size[0], low[1] + size[1]] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANE: Area = Area { low: [58.0, 10.0], high: [346.0, 186.0] };

    fn boxes(labelled: &[Labelled], names: &[String]) -> Vec<Area> {
        let size = |name: &String| [LETTER[0] * name.chars().count() as f64, LETTER[1]];
        labelled.iter().zip(names).map(|(it, name)| around(&it.name, size(name))).collect()
    }

    #[test]
    fn no_name_and_no_ring_hides_another() {
        let names = ["f32", "i8", "w4a8", "i4", "i8 Direct", "w2a8"].map(String::from);
        let cases: [[[f64; 2]; 6]; 4] = [
            [[200.0, 100.0]; 6],
            [[345.0, 11.0]; 6],
            [
                [59.0, 185.0],
                [60.0, 184.0],
                [61.0, 185.0],
                [59.0, 180.0],
                [70.0, 180.0],
                [90.0, 185.0],
            ],
            [
                [80.0, 20.0],
                [200.0, 22.0],
                [203.0, 22.0],
                [206.0, 60.0],
                [206.0, 62.0],
                [330.0, 150.0],
            ],
        ];
        for points in cases {
            let labelled = labelled(&points, &names, PLANE);
            let boxes = boxes(&labelled, &names);
            for (at, place) in boxes.iter().enumerate() {
                assert!(PLANE.holds(place), "{points:?}: {}", names[at]);
                assert!(!boxes[..at].iter().any(|other| place.meets(other)), "{points:?}");
                for (ring, other) in labelled[..at].iter().zip(&points) {
                    let same = far(other, &points[at]) < NEAR;
                    assert!(!same || ring.radius != labelled[at].radius, "{points:?}");
                }
            }
        }
    }

    #[test]
    fn a_line_leads_to_a_name_that_is_not_beside_its_point() {
        let names = ["w4a8", "i4"].map(String::from);
        let apart = labelled(&[[100.0, 100.0], [250.0, 100.0]], &names, PLANE);
        assert!(apart.iter().all(|it| it.line.is_none()));
        let points = [[200.0, 100.0]; 9];
        let names: Vec<String> = (0..9).map(|at| format!("precision {at}")).collect();
        let crowded = labelled(&points, &names, PLANE);
        assert!(crowded.iter().any(|it| it.line.is_some()));
    }
}
