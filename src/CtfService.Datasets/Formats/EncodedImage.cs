using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Formats;

/// <summary>An image as its format stores it.</summary>
/// <param name="Content">Bytes of the image file; for <see cref="DatasetFormat.Npz"/> the pixels.</param>
public sealed record EncodedImage(PlannedImage Planned, byte[] Content);
