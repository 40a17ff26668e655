//! The command line. All of it is in the library's room `cli`.

fn main() -> std::process::ExitCode {
    sqlite_fixtures::command_line()
}
