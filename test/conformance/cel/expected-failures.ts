/** Expressions are not type-checked here, and so nobody can declare a function without also writing it. */
const declaredOnly = "checks the type of a function that the vector declares and nobody defines";
/** A container is a protobuf package in which names are looked up first; nothing in a configuration corresponds to it. */
const container = "looks the name up in a container, which the gateway has none of";

/** Vectors that fail, with the reason why they may. An entry that passes, or names no vector, fails the test. */
export const expectedFailures: Readonly<Record<string, string>> = {
  "namespace/namespace/self_eval_container_lookup": container,
  "namespace/namespace/self_eval_container_lookup_unchecked": container,
  "type_deductions/functions/function_result_type": declaredOnly,
  "type_deductions/type_parameters/multiple_parameters_generality": declaredOnly,
  "type_deductions/type_parameters/multiple_parameters_generality_2": declaredOnly,
  "type_deductions/type_parameters/multiple_parameters_parameterized_ovl": declaredOnly,
  "type_deductions/type_parameters/multiple_parameters_parameterized_ovl_2": declaredOnly,
};
