using System.Text;
using CtfService.Model.Checkpoints;

namespace CtfService.Model.Tests.Checkpoints;

public sealed class NpyHeaderTests
{
    [Fact]
    public void Create_FourDimensions_IsWhatNumPyWrites()
    {
        var header = NpyHeader.Create("|u1", 2400, 64, 64, 3);

        // numpy.save of zeros((2400, 64, 64, 3), uint8), NumPy 1.26
        var text = "{'descr': '|u1', 'fortran_order': False, 'shape': (2400, 64, 64, 3), }";
        Assert.Equal(128, header.Length);
        Assert.Equal("\u0093NUMPY\u0001\u0000\u0076\u0000" + text.PadRight(117) + "\n", Encoding.Latin1.GetString(header));
    }

    [Fact]
    public void Create_OneDimension_HasAComma()
    {
        var header = Encoding.Latin1.GetString(NpyHeader.Create("<i8", 7));

        Assert.Contains("'shape': (7,), }", header, StringComparison.Ordinal);
        Assert.Equal(0, header.Length % 64);
    }
}
