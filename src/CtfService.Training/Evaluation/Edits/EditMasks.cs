using CtfService.Core.Generation;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>A mask that edits are measured with.</summary>
public sealed record NamedMask(string Name, EditMask Mask);

/// <summary>The masks that edits are measured with: a hole, a half and a frame, for which a model knows all sides, one side and the middle.</summary>
public static class EditMasks
{
    /// <param name="width">Width of the pictures, pixels.</param>
    /// <param name="height">Height of the pictures, pixels.</param>
    public static IReadOnlyList<NamedMask> Of(int width, int height)
    {
        NamedMask Where(string name, Func<int, int, bool> isEdited) => new(name, new EditMask(
            width, height, [.. Enumerable.Range(0, width * height).Select(pixel => isEdited(pixel % width, pixel / width))]));
        bool IsWithin(int x, int y, int margin) => // a share of 1 / margin of the picture is outside on each side
            x >= width / margin && x < width - (width / margin) && y >= height / margin && y < height - (height / margin);
        return
        [
            Where("centre", (x, y) => IsWithin(x, y, margin: 4)),
            Where("left half", (x, _) => x < width / 2),
            Where("border", (x, y) => !IsWithin(x, y, margin: 8)),
        ];
    }
}
