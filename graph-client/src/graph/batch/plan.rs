use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The most requests that Graph takes in one batch.
pub(super) const LARGEST: usize = 20;

/// What the cutting needs to know of a request.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// `v1.0` or `beta`: one batch goes to one of them.
    pub(super) version: &'static str,
    /// Whether sending it twice does no more than sending it once. A batch of reads may be repeated as a whole.
    pub(super) is_idempotent: bool,
    /// The requests that have to succeed first. Each stands before this one.
    pub(super) after: Vec<usize>,
}

/// Cuts requests into batches. Batches of a stage can be sent at once; a stage waits for the ones before it.
///
/// Within one batch Graph promises three shapes of dependence only: none, each request after the one before it, or all
/// after the same one. Requests that hang together in one of the last two ways get batches of their own; any other web
/// is sent in stages, by depth. Every request is in one batch.
pub(super) fn cut(nodes: &[Node]) -> Vec<Vec<Vec<usize>>> {
    let mut stages: Vec<Vec<Vec<usize>>> = Vec::new();
    let mut pools: BTreeMap<(usize, &'static str, bool), Vec<usize>> = BTreeMap::new();
    let mut depths = vec![0; nodes.len()];
    for component in components(nodes) {
        let first = component[0];
        let is_one_version = component.iter().all(|&at| nodes[at].version == nodes[first].version);
        let is_chain = component.windows(2).all(|pair| nodes[pair[1]].after == [pair[0]]);
        let is_star = component[1..].iter().all(|&at| nodes[at].after == [first]);
        if component.len() > 1 && is_one_version && is_chain {
            for (stage, part) in component.chunks(LARGEST).enumerate() {
                add(&mut stages, stage, part.to_vec());
            }
        } else if component.len() > 1 && is_one_version && is_star {
            let (head, rest) = component.split_at(component.len().min(LARGEST));
            add(&mut stages, 0, head.to_vec());
            for &at in rest {
                pools.entry((1, nodes[at].version, nodes[at].is_idempotent)).or_default().push(at);
            }
        } else {
            for &at in &component {
                depths[at] = nodes[at].after.iter().map(|&before| depths[before] + 1).max().unwrap_or(0);
                pools.entry((depths[at], nodes[at].version, nodes[at].is_idempotent)).or_default().push(at);
            }
        }
    }
    for ((stage, ..), mut pool) in pools {
        pool.sort_unstable();
        for part in pool.chunks(LARGEST) {
            add(&mut stages, stage, part.to_vec());
        }
    }
    stages
}

fn add(stages: &mut Vec<Vec<Vec<usize>>>, stage: usize, part: Vec<usize>) {
    if stages.len() <= stage {
        stages.resize_with(stage + 1, Vec::new);
    }
    stages[stage].push(part);
}

/// The requests that hang together, each group in order.
fn components(nodes: &[Node]) -> Vec<Vec<usize>> {
    fn root(of: &mut [usize], mut at: usize) -> usize {
        while of[at] != at {
            of[at] = of[of[at]];
            at = of[at];
        }
        at
    }
    let mut of: Vec<usize> = (0..nodes.len()).collect();
    for (at, node) in nodes.iter().enumerate() {
        for &before in &node.after {
            let (one, other) = (root(&mut of, at), root(&mut of, before));
            of[one.max(other)] = one.min(other);
        }
    }
    let mut places = BTreeMap::new();
    let mut components: Vec<Vec<usize>> = Vec::new();
    for at in 0..nodes.len() {
        match places.entry(root(&mut of, at)) {
            Entry::Occupied(place) => {
                let place: &usize = place.get();
                components[*place].push(at);
            }
            Entry::Vacant(place) => {
                place.insert(components.len());
                components.push(vec![at]);
            }
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nodes(after: &[&[usize]]) -> Vec<Node> {
        after.iter().map(|after| Node { version: "v1.0", is_idempotent: true, after: after.to_vec() }).collect()
    }

    #[test]
    fn requests_without_dependence_fill_batches() {
        let cut = cut(&vec![Node { version: "v1.0", is_idempotent: true, after: Vec::new() }; 45]);
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
    }

    #[test]
    fn chains_and_stars_have_batches_of_their_own() {
        assert_eq!(cut(&nodes(&[&[], &[0], &[], &[1]])), [[vec![0, 1, 3], vec![2]]]);
        assert_eq!(cut(&nodes(&[&[], &[0], &[0], &[0]])), [[[0, 1, 2, 3]]]);
        // A diamond is neither.
        assert_eq!(cut(&nodes(&[&[], &[0], &[0], &[1, 2]])), [vec![vec![0]], vec![vec![1, 2]], vec![vec![3]]]);
        let long: Vec<Node> = (0..25_usize)
            .map(|at| Node { version: "v1.0", is_idempotent: true, after: at.checked_sub(1).into_iter().collect() })
            .collect();
        assert_eq!(cut(&long), [[(0..20).collect::<Vec<_>>()], [(20..25).collect()]]);
    }

    #[test]
    fn versions_and_writes_are_kept_apart() {
        let mut nodes = nodes(&[&[], &[], &[], &[0]]);
        nodes[1].version = "beta";
        nodes[2].is_idempotent = false;
        nodes[3].version = "beta";
        assert_eq!(cut(&nodes), [vec![vec![1], vec![2], vec![0]], vec![vec![3]]]);
    }

    proptest! {
        #[test]
        fn every_request_is_in_one_batch_and_after_what_it_needs(
            seeds in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::collection::vec(any::<u16>(), 0..3)), 1..80)
        ) {
            let nodes: Vec<Node> = seeds.iter().enumerate().map(|(at, (beta, is_idempotent, before))| {
                let mut after: Vec<usize> =
                    before.iter().filter(|_| at > 0).map(|seed| usize::from(*seed) % at.max(1)).collect();
                after.sort_unstable();
                after.dedup();
                Node { version: if *beta { "beta" } else { "v1.0" }, is_idempotent: *is_idempotent, after }
            }).collect();
            let mut place = vec![None; nodes.len()];
            for (stage, parts) in cut(&nodes).iter().enumerate() {
                for (number, part) in parts.iter().enumerate() {
                    prop_assert!((1..=LARGEST).contains(&part.len()));
                    prop_assert!(part.is_sorted());
                    for &at in part {
                        prop_assert_eq!(nodes[at].version, nodes[part[0]].version);
                        prop_assert_eq!(place[at].replace((stage, number)), None);
                    }
                }
            }
            for (at, node) in nodes.iter().enumerate() {
                let own = place[at].expect("in a batch");
                for &before in &node.after {
                    let other = place[before].expect("in a batch");
                    prop_assert!(other == own || other.0 < own.0, "{at} after {before}: {own:?} {other:?}");
                }
            }
        }
    }
}
