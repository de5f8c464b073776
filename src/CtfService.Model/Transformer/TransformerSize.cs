namespace CtfService.Model.Transformer;

/// <summary>What a transformer's size is chosen by; the rest of a <see cref="TransformerConfig"/> follows from the data.</summary>
/// <param name="Width">D, a multiple of 4 * heads.</param>
/// <param name="Layers">Number of blocks.</param>
/// <param name="Heads">H.</param>
public sealed record TransformerSize(int Width, int Layers, int Heads);
