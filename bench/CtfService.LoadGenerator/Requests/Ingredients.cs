namespace CtfService.LoadGenerator.Requests;

/// <summary>What requests are made of, taken from the service before the load.</summary>
/// <param name="Classes">Number of classes.</param>
/// <param name="LayoutClass">Class of layout and picture.</param>
/// <param name="Layout">Coarse labels of an image.</param>
/// <param name="Picture">The image as a PNG file, for uploads.</param>
/// <param name="Mask">A PNG file of the picture's size that is transparent where edits draw.</param>
public sealed record Ingredients(int Classes, int LayoutClass, IReadOnlyList<int> Layout, byte[] Picture, byte[] Mask);
