// What a test says in the environment of its own process.
#pragma once

#include <stdlib.h>

#include <string>

namespace solar::test {

/// An environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_{name} { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace solar::test
