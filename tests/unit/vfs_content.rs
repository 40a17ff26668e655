//! Unit tests of `src/vfs/store/content.rs`.

use super::{CHUNK, Content};
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use std::sync::Arc;

#[derive(Debug, Clone)]
enum Step {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let places = 0..4 * CHUNK;
    let write = (places.clone(), proptest::collection::vec(any::<u8>(), 0..2 * CHUNK));
    let step =
        prop_oneof![3 => write.prop_map(|(at, bytes)| Step::Write(at, bytes)), 1 => places.prop_map(Step::Truncate)];
    proptest::collection::vec(step, 0..12)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: if cfg!(miri) { 16 } else { 512 }, failure_persistence: None, ..Default::default() })]

    #[test]
    fn behaves_like_a_vector_and_keeps_its_base(base in proptest::collection::vec(any::<u8>(), 0..3 * CHUNK), steps in steps()) {
        let shared: Arc<Vec<u8>> = Arc::new(base.clone());
        let mut content = Content::new(shared.clone());
        let mut model = base.clone();
        for step in steps {
            match step {
                Step::Write(at, bytes) => {
                    content.write(at, &bytes);
                    model.resize(model.len().max(at + bytes.len()), 0);
                    model[at..at + bytes.len()].copy_from_slice(&bytes);
                }
                Step::Truncate(len) => {
                    content.set_len(len);
                    model.resize(len, 0);
                }
            }
            assert_eq!(content.to_vec(), model);
        }
        assert_eq!(*shared, base);
        let mut beyond = [7; 8];
        assert_eq!(content.read(model.len(), &mut beyond), 0);
        assert_eq!(beyond, [0; 8]);
    }
}
