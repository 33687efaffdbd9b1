// Small nets of the family that between them use every feature: for comparing the CPU backend with the
// reference.
#pragma once

#include <string>
#include <vector>

#include "alexnet/net_spec.h"

namespace alexnet::test {

struct SmallNet {
  std::string name, json;
};

/// Two columns that talk at conv3, fc4 and fc5; 20 and 12 maps a column fill no whole block of sixteen.
inline std::string two_columns(const std::string& activation, const std::string& then1,
                               const std::string& then2, const std::string& dropout_scale = "training",
                               int columns = 2, const std::string& reads3 = "both") {
  return R"({"columns":)" + std::to_string(columns) + R"(,"inputSize":40,"classes":7,"activation":")" +
         activation + R"(","lrn":{"size":5,"k":2,"alpha":0.01,"beta":0.75,"alphaOverN":false},)" +
         R"("spatialNorm":{"size":5,"k":1,"alpha":0.003,"beta":0.75},)" +
         R"("pooling":{"size":3,"stride":2,"rounding":"floor"},"dropout":0.5,"dropoutScale":")" +
         dropout_scale + R"(","init":{"kind":"gaussian","sigma":0.08},"layers":[
  {"name":"conv1","kind":"conv","width":40,"kernel":7,"stride":2,"padding":{"size":0,"rounding":"ceil"},"then":)" +
         then1 + R"(,"sigma":0.02},
  {"name":"conv2","kind":"conv","width":24,"kernel":3,"stride":1,"padding":1,"reads":"own","then":)" +
         then2 +
         R"(,"bias":0.1},
  {"name":"conv3","kind":"conv","width":32,"kernel":3,"stride":1,"padding":1,"reads":")" +
         reads3 +
         R"(","then":["activation","pool"]},
  {"name":"fc4","kind":"fc","width":30,"reads":"both","bias":0.1,"then":["activation","dropout"]},
  {"name":"fc5","kind":"fc","width":"classes","reads":"both","then":[]}]})";
}

inline std::vector<SmallNet> small_nets() {
  const std::string paper1 = R"(["activation","lrn","pool"])";
  return {
      {"the paper's order", two_columns("relu", paper1, R"(["activation","lrn"])")},
      {"the code's order",
       two_columns("relu", R"(["lrn","pool","activation"])", R"(["activation","lrn","spatialNorm"])")},
      {"caffenet's order", two_columns("relu", R"(["activation","pool","lrn"])", R"(["activation"])")},
      {"tanh", two_columns("tanh", paper1, R"(["activation","spatialNorm"])", "test")},
      {"sigmoid", two_columns("sigmoid", R"(["activation","pool"])", R"(["activation","lrn"])")},
      {"dropout on maps",
       two_columns("tanh", R"(["activation","dropout","pool"])", R"(["activation","dropout"])")},
      {"one column", two_columns("relu", paper1, R"(["activation"])", "training", 1)},
      {"no traffic", two_columns("relu", paper1, R"(["activation"])", "training", 2, "own")},
  };
}

}  // namespace alexnet::test
