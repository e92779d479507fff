// Version 2 of Catch2 in Debian 12 has no library with a main function; version 3 has.
#define CATCH_CONFIG_RUNNER
#include "tests/support/catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
