# Tests of the CUDA kernels. On every machine the functions that a device runs are compiled for the host and
# compared with the reference. Where nvcc is, the same tests start them as kernels too; without a GPU they say
# why they are skipped.
file(GLOB cuda_kernel_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.cc)
add_executable(test_cuda_kernels ${cuda_kernel_tests} ${CMAKE_SOURCE_DIR}/tests/main.cc)
target_link_libraries(test_cuda_kernels PRIVATE alexnet_reference alexnet_data)
target_include_directories(test_cuda_kernels SYSTEM PRIVATE ${DOCTEST_INCLUDE})
add_test(NAME cuda_kernels COMMAND test_cuda_kernels)

if(TARGET alexnet_cuda_kernels)
  file(GLOB cuda_device_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/../device/*.cc)
  add_executable(test_cuda_device ${cuda_kernel_tests} ${cuda_device_tests})
  target_link_libraries(test_cuda_device PRIVATE alexnet_cuda_kernels alexnet_reference alexnet_data)
  target_include_directories(test_cuda_device SYSTEM PRIVATE ${DOCTEST_INCLUDE} ${CUDAToolkit_INCLUDE_DIRS})
  target_include_directories(test_cuda_device PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(test_cuda_device PRIVATE ALEXNET_ON_DEVICE)
  add_test(NAME cuda_device COMMAND test_cuda_device)
endif()
