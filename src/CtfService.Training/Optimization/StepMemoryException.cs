namespace CtfService.Training.Optimization;

/// <summary>A step does not fit into the memory of the device. The message says which batch would fit.</summary>
public sealed class StepMemoryException(string message) : Exception(message);
