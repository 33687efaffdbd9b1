# The CUDA backend. What finds and drives the plug-in is part of every build; the plug-in itself needs nvcc and
# CUDA's static runtime, no driver and no GPU. cuDNN, cuBLASLt, NCCL and NVML are opened at run time.
#
#   -DALEXNET_CUDA=OFF                  without it, even where nvcc is
#   -DALEXNET_CUDA_ARCHITECTURES=...    default: one, 90; a release: 80;86;89;90;100;120 and PTX (see below)
#   -DALEXNET_NVIDIA_INCLUDE=A;B        folders of cuDNN's, cuBLASLt's, NCCL's and NVML's headers, where they
#                                       exist: tests compare the declarations in src/cuda/libraries with them
option(ALEXNET_CUDA "Build the CUDA plug-in where nvcc is found" ON)
# 90 alone compiles for that architecture and as PTX, which newer GPUs translate when they load it.
set(ALEXNET_CUDA_ARCHITECTURES 90 CACHE STRING "GPU architectures of the plug-in")
set(ALEXNET_NVIDIA_INCLUDE "" CACHE STRING "Folders of NVIDIA's headers, for tests")

file(GLOB cuda_host_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/*.cc
     ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/loader/*.cc)
add_library(alexnet_cuda_loader STATIC ${cuda_host_sources})
target_link_libraries(alexnet_cuda_loader PUBLIC alexnet_flags alexnet_columns ${CMAKE_DL_LIBS})
file(GLOB cuda_library_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/libraries/*.cc)
add_library(alexnet_cuda_libraries STATIC ${cuda_library_sources})
target_link_libraries(alexnet_cuda_libraries PUBLIC alexnet_flags ${CMAKE_DL_LIBS})

# A column's own code is plain C++: with CUDA's headers it compiles everywhere. Its tests run it on a stand-in.
find_package(CUDAToolkit QUIET)
find_path(CUDA_RUNTIME_INCLUDE cuda_runtime_api.h
          HINTS ${CUDAToolkit_INCLUDE_DIRS} $ENV{CUDA_HOME}/include /usr/local/cuda/include)
if(CUDA_RUNTIME_INCLUDE)
  file(GLOB cuda_column_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/column/*.cc)
  list(FILTER cuda_column_sources EXCLUDE REGEX "/(plugin|device_probe)\\.cc$")
  add_library(alexnet_cuda_column OBJECT ${cuda_column_sources})
  target_link_libraries(alexnet_cuda_column PRIVATE alexnet_flags)
  target_include_directories(alexnet_cuda_column SYSTEM PRIVATE ${CUDA_RUNTIME_INCLUDE})
endif()

if(NOT ALEXNET_CUDA OR ALEXNET_SANITIZE)
  message(STATUS "CUDA plug-in: not built (switched off, or sanitizers are on)")
  return()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(STATUS "CUDA plug-in: not built, nvcc is not found")
  return()
endif()
set(CMAKE_CUDA_ARCHITECTURES ${ALEXNET_CUDA_ARCHITECTURES})
enable_language(CUDA)
if(NOT TARGET CUDA::cudart_static OR NOT CUDA_RUNTIME_INCLUDE)
  message(STATUS "CUDA plug-in: not built, CUDA's static runtime (cudart_static) is not found")
  return()
endif()
# nvcc knows C++20 since version 12; this CMake may not know that.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)

# The own kernels. -Wpedantic finds fault with the code that nvcc itself writes.
file(GLOB cuda_kernel_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/kernels/*.cu)
if(cuda_kernel_sources)
  add_library(alexnet_cuda_kernels STATIC ${cuda_kernel_sources})
  target_include_directories(alexnet_cuda_kernels PUBLIC include src)
  target_compile_options(alexnet_cuda_kernels PRIVATE -Xcompiler=-Wall,-Wextra,-Werror --Werror=all-warnings
                         --expt-relaxed-constexpr)
  target_link_libraries(alexnet_cuda_kernels PUBLIC CUDA::cudart_static)
  if(ALEXNET_BUILD_BENCH)
    add_executable(cuda_kernels_bench bench/cuda/kernels_bench.cc)
    target_include_directories(cuda_kernels_bench SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
    target_link_libraries(cuda_kernels_bench PRIVATE alexnet_flags alexnet_cuda_kernels alexnet_spec)
  endif()
endif()

if(TARGET alexnet_cuda_kernels)
  add_library(alexnet_cuda_plugin MODULE src/cuda/column/plugin.cc src/cuda/column/device_probe.cc
              src/cuda/entry/entry.cc src/cuda/flat_net.cc src/cuda/device_rules.cc $<TARGET_OBJECTS:alexnet_cuda_column>)
  set_target_properties(alexnet_cuda_plugin PROPERTIES OUTPUT_NAME alexnet_cuda)
  target_include_directories(alexnet_cuda_plugin SYSTEM PRIVATE ${CUDA_RUNTIME_INCLUDE})
  target_link_libraries(alexnet_cuda_plugin PRIVATE alexnet_flags alexnet_columns alexnet_cuda_libraries
                        alexnet_cuda_kernels CUDA::cudart_static)
  # Its one door is the entry function.
  target_link_options(alexnet_cuda_plugin PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,defs)
endif()
