CREATE TABLE "odd ""table""" (id INTEGER PRIMARY KEY, "a b" TEXT, "c""d" INTEGER REFERENCES "odd ""table""" (id));
