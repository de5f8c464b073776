using CtfService.Cli.Shell;
using CtfService.Core.Models;

namespace CtfService.Cli.Tests.Shell;

public sealed class FailureReportTests
{
    [Fact]
    public void Write_ErrorThatAUserCanFix_IsItsMessage() =>
        Assert.Equal(["ctf: models/x: is damaged."], Lines(new CheckpointException("models/x: is damaged.")));

    [Fact]
    public void Write_Unexpected_IsTheFirstLineAndHowToGetTheTrace()
    {
        var lines = Lines(Thrown(new InvalidOperationException(
            "The size of tensor a (30) must match the size of tensor b (32)\n"
                + "Exception raised from infer_size at /pytorch/ExpandUtils.cpp:31")));

        Assert.Equal(2, lines.Length);
        Assert.Equal("ctf: unexpected error, InvalidOperationException: The size of tensor a (30) must match the size of tensor b (32)", lines[0]);
        Assert.Contains("CTF_TRACE=1", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Write_OutOfMemory_SaysWhatHelps() =>
        Assert.Contains("smaller --batch", Lines(Thrown(new InsufficientMemoryException("no room")))[1], StringComparison.Ordinal);

    [Fact]
    public void Write_WrappedFailure_IsItsCause() =>
        Assert.Equal(["ctf: gone"], Lines(new TypeInitializationException("Some.Type", new IOException("gone"))));

    [Theory]
    [InlineData("The application doesn't contain a reference to libtorch-cpu-linux-x64.")]
    [InlineData("Value cannot be null. (Parameter 'path1')")]
    public void Write_LibtorchDoesNotLoad_NamesTheRequiredSystem(string message)
    {
        var line = Assert.Single(Lines(new TypeInitializationException("TorchSharp.torch", new NotSupportedException(message))));

        Assert.StartsWith("ctf: The native libraries do not load. They require x86-64 Linux with glibc 2.34", line, StringComparison.Ordinal);
        Assert.Contains(message, line, StringComparison.Ordinal);
    }

    private static string[] Lines(Exception exception)
    {
        using var error = new StringWriter();
        FailureReport.Write(error, exception);
        return error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Throws and catches the exception, so that it has a stack trace.</summary>
    private static Exception Thrown(Exception exception)
    {
        try
        {
            throw exception;
        }
        catch (Exception caught)
        {
            return caught;
        }
    }
}
