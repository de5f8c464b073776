using System.Text;
using System.Text.RegularExpressions;
using CtfService.Model.Loading;

namespace CtfService.Model.Tests.Loading;

public sealed class NativeLibrariesTests
{
    private const string LoaderSays = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by libLibTorchSharp.so)";

    /// <summary>The errors of TorchSharp, with the libraries beside the program and in a single file, and those of .NET for a missing library.</summary>
    public static TheoryData<Exception> Faults =>
    [
        new TypeInitializationException(
            "TorchSharp.torch",
            new NotSupportedException("The application doesn't contain a reference to libtorch-cpu-linux-x64.")),
        new TypeInitializationException("TorchSharp.torch", new ArgumentNullException("path1")),
        new AggregateException(new TypeInitializationException("TorchSharp.torch", new NotSupportedException("trace"))),
        new DllNotFoundException("Unable to load shared library 'LibTorchSharp' or one of its dependencies."),
        new TypeInitializationException("SkiaSharp.SKImageInfo", new DllNotFoundException("Unable to load shared library 'libSkiaSharp'.")),
    ];

    [Theory]
    [MemberData(nameof(Faults))]
    public void Explain_SystemIsTooOld_NamesBothVersions(Exception fault)
    {
        var message = NativeLibraries.Explain(fault, new Version(2, 31), () => LoaderSays)!;

        Assert.Contains("glibc 2.34 and GCC 12's libstdc++ (GLIBCXX_3.4.30) or newer, such as Debian 12", message, StringComparison.Ordinal);
        Assert.Contains("this system has glibc 2.31, which is too old", message, StringComparison.Ordinal);
        Assert.EndsWith($"The cause: {LoaderSays}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.36", "glibc 2.36 is new enough, so check the version of libstdc++ and that no file")]
    [InlineData(null, "this system has no glibc")]
    public void Explain_AnotherCause_DoesNotBlameTheAge(string? glibc, string expected)
    {
        var fault = new TypeInitializationException("TorchSharp.torch", new NotSupportedException("first line\nsecond line"));

        var message = NativeLibraries.Explain(fault, glibc is null ? null : Version.Parse(glibc), () => null)!;

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.EndsWith("The cause: first line", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.31", "this system has glibc 2.31, which is too old")]
    [InlineData("2.33", "this system has glibc 2.33, which is too old")]
    [InlineData(null, "this system has no glibc")]
    public void Problem_SystemIsTooOld_SaysSoBeforeAnythingIsLoaded(string? glibc, string expected) =>
        Assert.Contains(expected, NativeLibraries.Problem(glibc is null ? null : Version.Parse(glibc)), StringComparison.Ordinal);

    [Theory]
    [InlineData("2.34")]
    [InlineData("2.41")]
    public void Problem_SystemIsNewEnough_IsNull(string glibc) => Assert.Null(NativeLibraries.Problem(Version.Parse(glibc)));

    [Fact]
    public void Explain_OtherErrors_IsNull()
    {
        Assert.Null(NativeLibraries.Explain(new InvalidOperationException("something else")));
        Assert.Null(NativeLibraries.Explain(new TypeInitializationException("CtfService.Something", new DllNotFoundException("libother.so"))));
    }

    [Fact]
    public void LeastGlibc_IsTheVersionThatTheLibraryRequires()
    {
        var library = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        var asked = Regex.Matches(Encoding.Latin1.GetString(File.ReadAllBytes(library)), @"\0GLIBC_(2\.\d+)(?=\0)")
            .Select(match => Version.Parse(match.Groups[1].Value));

        Assert.Equal(asked.Max(), NativeLibraries.LeastGlibc);
    }
}
