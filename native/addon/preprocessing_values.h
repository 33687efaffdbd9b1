// How pixels become a net's input, from JavaScript: PreprocessingOptions of main/engine/addon.ts.
#pragma once

#include <napi.h>

#include "alexnet/sampling.h"

namespace alexnet::addon {

/// Throws kInvalidArgument naming the field.
Preprocessing to_preprocessing(Napi::Value value);

}  // namespace alexnet::addon
