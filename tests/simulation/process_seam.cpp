// In place of shared/random_bits.cpp, shared/database_failure.cpp and shared/log.cpp.
#include <string>

#include "shared/database_failure.hpp"
#include "shared/log.hpp"
#include "shared/queue.hpp"
#include "shared/random_bits.hpp"
#include "shared/units.hpp"
#include "tests/simulation/seams.hpp"
#include "tests/simulation/world.hpp"

namespace solar {

std::uint64_t random_bits() { return test::World::current().program_dice.bits(); }

void end_process(const SqliteError& error, const std::filesystem::path& /*database*/) {
  if (error.kind() == SqliteError::Kind::Corrupt) throw test::Violation{std::string{"corrupt: "} + error.what()};
  throw test::ProcessEnd{"the database failed"};
}

void end_process(const QueueFull& /*full*/) { throw test::ProcessEnd{"inbox full"}; }

namespace log {

Field::Field(std::string_view field_key, Millis duration) : key{field_key}, value{duration_text(duration)} {}

void event(Level level, std::string_view what, std::initializer_list<Field> fields) {
  auto& journal = test::World::current().journal;
  if (!journal.has_text()) return;
  std::string line = level == Level::Error ? "    ERROR " : "    log ";
  line.append(what);
  for (const Field& field : fields) line.append(" ").append(field.key).append("=").append(field.value);
  journal.remark(line);
}

void limited(Level level, std::string_view what, std::initializer_list<Field> fields) { event(level, what, fields); }

void live_line(std::string_view /*text*/) {}
bool on_terminal() { return false; }

}  // namespace log

namespace test {

void process_seam_is_in() {}

}  // namespace test

}  // namespace solar
