using System.Diagnostics;
using System.Runtime.Versioning;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Evaluate;

/// <summary>A data set with files and folders that the user cannot read. An administrator reads everything, so the command then runs as another user.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class UnreadableDataTests : IDisposable
{
    private const string UserOfNothing = "65534";
    private const UnixFileMode ForAll = (UnixFileMode)0x1FF; // rwxrwxrwx
    private static readonly byte[] Png = ImageCodec.Encode(new RgbImage(16, 16, new byte[16 * 16 * 3]), ImageFormat.Png);

    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose()
    {
        foreach (var folder in new[] { "train/cat/locked", "train/dog" }.Select(name => Path.Combine(Data, name)).Where(Directory.Exists))
        {
            File.SetUnixFileMode(folder, ForAll);
        }

        _folder.Dispose();
    }

    [OtherUserFact]
    public async Task TrainClassifier_FilesAndFoldersWithoutPermission_AreNamed()
    {
        Add("train/cat/0.png", "train/cat/1.png", "train/cat/locked/2.png", "train/dog/0.png", "test/cat/0.png", "test/dog/0.png");
        Lock("train/cat/1.png", "train/cat/locked");

        var (exitCode, error) = await Train();

        Assert.True(exitCode == 0, error);
        Assert.Contains("  train/cat/1.png, train/cat/locked: cannot be read", error, StringComparison.Ordinal);
    }

    [OtherUserFact]
    public async Task TrainClassifier_ClassFolderWithoutPermission_IsRejectedByName()
    {
        Add("train/cat/0.png", "train/dog/0.png", "test/cat/0.png", "test/dog/0.png");
        Lock("train/dog");

        var (exitCode, error) = await Train();

        Assert.Equal(1, exitCode);
        Assert.Equal(
            $"ctf: Class 'dog' of '{Data}', split 'train', has no readable image. Add images or remove the folder. Skipped: train/dog: cannot be read.",
            error.TrimEnd());
    }

    private async Task<(int ExitCode, string Error)> Train()
    {
        string[] command =
        [
            Environment.ProcessPath!, "exec", Path.Combine(AppContext.BaseDirectory, "ctf.dll"),
            "train-classifier", "--data", Data, "--output", _folder.File("out/classifier.safetensors"), "--image-size", "16", "--steps", "1", "--batch", "2",
        ];
        File.SetUnixFileMode(_folder.Root, ForAll);
        Directory.CreateDirectory(_folder.File("out"));
        File.SetUnixFileMode(_folder.File("out"), ForAll);
        using var process = Process.Start(
            Start(Environment.IsPrivilegedProcess ? [.. OtherUserFactAttribute.AsOtherUser(UserOfNothing), .. command] : command))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        return (process.ExitCode, error);
    }

    private static ProcessStartInfo Start(string[] command) => new(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };

    private void Add(params string[] names)
    {
        foreach (var path in names.Select(name => Path.Combine(Data, name)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Png);
        }
    }

    private void Lock(params string[] names)
    {
        foreach (var name in names)
        {
            File.SetUnixFileMode(Path.Combine(Data, name), UnixFileMode.None);
        }
    }
}

/// <summary>
/// Skipped on systems without file permissions, and for an administrator without a tool to run as another user, or with a build that this user cannot read.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OtherUserFactAttribute : FactAttribute
{
    public OtherUserFactAttribute() => Skip =
        OperatingSystem.IsWindows() ? "Needs permissions of files."
        : Environment.IsPrivilegedProcess && !CanBeOther() ? "Needs a user whom file permissions bind: setpriv, and a build that others can read."
        : null;

    public static string[] AsOtherUser(string user) => ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups"];

    private static bool CanBeOther()
    {
        try
        {
            using var process = Process.Start("setpriv", [.. AsOtherUser("65534")[1..], "test", "-r", Path.Combine(AppContext.BaseDirectory, "ctf.dll")]);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
