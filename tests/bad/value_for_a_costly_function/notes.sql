INSERT INTO notes (text) VALUES ('short');
INSERT INTO notes (text) SELECT instr(zeroblob(200000000), zeroblob(100000000) || x'01');
