using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">Key, unique in the file.</param>
/// <param name="Dtype">Element type as stored.</param>
/// <param name="Shape">Empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the data section.</param>
/// <param name="ByteLength">Product of the shape times the element size.</param>
public sealed record SafetensorsEntry(string Name, ScalarType Dtype, IReadOnlyList<long> Shape, long Offset, long ByteLength);
