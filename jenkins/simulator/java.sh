# groovy asks for the JDK that Debian calls default; a JRE of any name does.
for home in "${JAVA_HOME:-}" /usr/lib/jvm/default-java /usr/lib/jvm/java-17-openjdk-*; do
  if [ -n "$home" ] && [ -x "$home/bin/java" ]; then
    export JAVA_HOME="$home"
    break
  fi
done
