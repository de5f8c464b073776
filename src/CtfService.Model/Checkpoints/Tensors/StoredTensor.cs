namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>A tensor whose elements are written as they are stored.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dtype">Dtype in safetensors, such as U16.</param>
/// <param name="Write">Writes all elements, little-endian and row-major. Called once.</param>
public sealed record StoredTensor(string Name, string Dtype, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    /// <summary>The size of one element in bytes.</summary>
    internal int ElementBytes { get; } = StoredType.Find(Dtype)?.Bytes ?? throw new ArgumentException($"'{Dtype}' is no dtype.", nameof(Dtype));

    /// <summary>The size of all elements in bytes.</summary>
    internal long ByteLength => Shape.Aggregate((long)ElementBytes, (product, size) => checked(product * size));
}
