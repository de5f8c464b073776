using CtfService.Core.Generation;

namespace CtfService.Training.Data;

/// <summary>
/// Draws images of textured shapes: discs, squares and triangles with stripes, dots or checks, at random places, sizes, angles and colours. A data set for
/// trying out the training commands without a data set of your own. The same seed draws the same images.
/// </summary>
public static class ShapeImages
{
    /// <summary>Samples per pixel along each axis.</summary>
    private const int Samples = 3;

    private static readonly (string Name, Func<float, float, bool> Covers)[] Shapes =
    [
        ("disc", (x, y) => (x * x) + (y * y) < 1),
        ("square", (x, y) => MathF.Max(MathF.Abs(x), MathF.Abs(y)) < 0.85f),
        ("triangle", (x, y) => y < 0.7f && (1.7f * MathF.Abs(x)) - y < 0.95f),
    ];

    private static readonly (string Name, Func<float, float, bool> IsDark)[] Textures =
    [
        ("checked", (x, y) => IsEven(x) == IsEven(y)),
        ("dotted", (x, y) => Square(x - MathF.Round(x)) + Square(y - MathF.Round(y)) < 0.09f),
        ("striped", (x, _) => IsEven(x)),
    ];

    /// <summary>One class for each combination of texture and shape, such as <c>striped_disc</c>.</summary>
    public static IReadOnlyList<string> ClassNames { get; } = [.. Textures.SelectMany(texture => Shapes.Select(shape => $"{texture.Name}_{shape.Name}"))];

    /// <param name="classId">Index in <see cref="ClassNames"/>.</param>
    /// <param name="number">Number of the image; each number gives a different image.</param>
    /// <param name="side">Width and height, pixels.</param>
    public static RgbImage Draw(int classId, int number, int side, ulong seed)
    {
        var random = new SplitMix64(seed, (ulong)classId, (ulong)number);
        var drawing = new Drawing(Shapes[classId % Shapes.Length].Covers, Textures[classId / Shapes.Length].IsDark, ref random);
        var pixels = new byte[side * side * 3];
        for (var pixel = 0; pixel < side * side; pixel++)
        {
            drawing.Shade(pixel % side, pixel / side, side, pixels.AsSpan(3 * pixel, 3));
        }

        return new RgbImage(side, side, pixels);
    }

    private static bool IsEven(float place) => ((int)MathF.Floor(2 * place) & 1) == 0;

    private static float Square(float value) => value * value;

    /// <summary>Shape, texture, position and colours of one image.</summary>
    private sealed class Drawing
    {
        private readonly Func<float, float, bool> _covers;
        private readonly Func<float, float, bool> _isDark;
        private readonly float _left;
        private readonly float _top;
        private readonly float _radius;
        private readonly float _cosine;
        private readonly float _sine;
        private readonly float _textureScale;
        private readonly Colour _light;
        private readonly Colour _dark;
        private readonly Colour _ground;

        public Drawing(Func<float, float, bool> covers, Func<float, float, bool> isDark, ref SplitMix64 random)
        {
            _covers = covers;
            _isDark = isDark;
            _radius = 0.26f + (0.16f * random.NextUnit());
            (_left, _top) = (0.5f + (0.12f * random.NextSigned()), 0.5f + (0.12f * random.NextSigned()));
            (_sine, _cosine) = MathF.SinCos(MathF.Tau * random.NextUnit());
            _textureScale = 1.6f + random.NextUnit();
            var hue = random.NextUnit();
            _light = Colour.OfHue(hue, 0.95f);
            _dark = Colour.OfHue(hue + 0.08f + (0.3f * random.NextUnit()), 0.45f);
            _ground = new Colour(1, 1, 1) * (0.85f + (0.15f * random.NextUnit()));
        }

        public void Shade(int column, int row, int side, Span<byte> rgb)
        {
            var sum = new Colour(0, 0, 0);
            for (var sample = 0; sample < Samples * Samples; sample++)
            {
                var x = (column + (((sample % Samples) + 0.5f) / Samples)) / side;
                var y = (row + (((sample / Samples) + 0.5f) / Samples)) / side;
                sum += At((x - _left) / _radius, (y - _top) / _radius);
            }

            sum *= 255f / (Samples * Samples);
            (rgb[0], rgb[1], rgb[2]) = ((byte)sum.Red, (byte)sum.Green, (byte)sum.Blue);
        }

        private Colour At(float x, float y)
        {
            var (turnedX, turnedY) = ((_cosine * x) + (_sine * y), (_cosine * y) - (_sine * x));
            return !_covers(turnedX, turnedY) ? _ground : _isDark(turnedX * _textureScale, turnedY * _textureScale) ? _dark : _light;
        }
    }

    /// <summary>A colour; each component is 0 to 1.</summary>
    private readonly record struct Colour(float Red, float Green, float Blue)
    {
        /// <summary>Returns a saturated colour; the hue has period 1.</summary>
        public static Colour OfHue(float hue, float value)
        {
            float Part(float shift) => value * (0.25f + (0.75f * Math.Clamp(MathF.Abs((((hue + shift) % 1) * 6) - 3) - 1, 0, 1)));
            return new Colour(Part(0), Part(2f / 3), Part(1f / 3));
        }

        public static Colour operator +(Colour left, Colour right) => new(left.Red + right.Red, left.Green + right.Green, left.Blue + right.Blue);

        public static Colour operator *(Colour colour, float factor) => new(colour.Red * factor, colour.Green * factor, colour.Blue * factor);
    }
}
