// simulate --histories N [--seed FIRST] [--jobs J] [--model NAME] [--verbose]
#include "tests/simulation/campaign.hpp"

int main(int argc, char** argv) { return solar::test::simulate({argv + 1, argv + argc}); }
