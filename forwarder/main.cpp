#include "forwarder/commands.hpp"
#include "forwarder/config.hpp"
#include "shared/log.hpp"
#include "shared/service.hpp"

int main(int argc, char** argv) {
  solar::limit_memory_arenas();
  solar::forget_proxies();
  solar::ForwarderConfig config;
  solar::Settings settings;
  solar::add_settings(settings, config);
  const auto parsed = solar::parse_command_line(solar::command_line(settings), argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  solar::log::start(solar::log::parse_level(config.log_level));
  return solar::run_command(std::get<solar::Invocation>(parsed), config);
}
