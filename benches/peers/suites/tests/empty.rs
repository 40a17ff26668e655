//! The floor: tests that link SQLite and have no database.

suites::hundred_tests! {
    #[test]
    fn test() {
        assert!(rusqlite::version().starts_with('3'));
    }
}
