// load: publishes readings over one raw MQTT v5 connection and prints how many were acknowledged, and how fast.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "tests/support/load.hpp"

int main(int argc, char** argv) {
  solar::test::Load load;
  std::string token;
  CLI::App app{"Publishes readings to a broker on 127.0.0.1 as fast, or as evenly, as one connection carries them."};
  app.add_option("--port", load.port, "the broker's port")->capture_default_str();
  app.add_option("--readings", load.readings, "how many readings")->capture_default_str();
  app.add_option("--villages", load.villages, "how many villages they come from")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--village", load.village, "the villages' name, before their number")->capture_default_str();
  app.add_option("--batch", load.batch, "readings in one message; more than one: a JSON array")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--window", load.window, "messages without PUBACK, at most 100")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  app.add_option("--rate", load.rate, "readings per second; 0: as fast as it goes")->capture_default_str();
  app.add_option("--token", token, "up to 16 hex digits: readings get the ids <token>-<n>; none by default");
  app.add_option("--first", load.first, "the first n")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    if (!token.empty()) load.token = std::stoull(token, nullptr, 16);
    const solar::test::LoadResult result = solar::test::publish(load);
    std::printf("acknowledged=%llu seconds=%.3f per_second=%.0f\n",
                static_cast<unsigned long long>(result.acknowledged), result.seconds,
                static_cast<double>(result.acknowledged) / result.seconds);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << std::endl;
    return 1;
  }
}
